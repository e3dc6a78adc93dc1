// What the last answer was given to remember, why, and what it cost.
import { springs } from "../fold/graph";
import type { MemoryFact } from "../events";

export function Memory({ memory }: { memory: MemoryFact | null }) {
  if (memory === null)
    return (
      <div class="empty">
        <h3>What it remembers</h3>
        <p>When an answer draws on memory, this shows which facts it was given, how they hang together, and how many tokens they took.</p>
        <p>It remembers those who say in the settings who they are.</p>
      </div>
    );
  return (
    <>
      <p class="lead">For “{memory.query}”: {memory.facts.length} {memory.facts.length === 1 ? "fact" : "facts"} in {memory.ms.toFixed(0)} ms{memory.left_out > 0 ? `; ${memory.left_out} left out` : ""}.</p>
      <Budget used={memory.tokens} of={memory.budget_tokens} />
      {memory.nodes.length > 0 && <Web memory={memory} />}
      <ul class="facts">
        {memory.facts.map((fact) => (
          <li key={fact.id}>
            <span>{fact.text}</span>
            <small>{[fact.why, fact.when, `${fact.tokens} tokens`, `score ${fact.score.toFixed(2)}`].filter(Boolean).join(" · ")}</small>
          </li>
        ))}
      </ul>
    </>
  );
}

export function Budget({ used, of }: { used: number; of: number }) {
  return (
    <div class="budget">
      <progress max={Math.max(1, of)} value={used} aria-label="tokens used" />
      <span>{used} of {of} tokens</span>
    </div>
  );
}

const SIZE = { width: 420, height: 280 };
const MOST = 24;

function Web({ memory }: { memory: MemoryFact }) {
  const nodes = memory.nodes.slice(0, MOST);
  const placed = new Map(springs(nodes.map((node) => node.id), memory.edges, SIZE.width, SIZE.height).map((one) => [one.id, one]));
  return (
    <div class="web">
      <svg viewBox={`0 0 ${SIZE.width} ${SIZE.height}`} role="img" aria-label={`${nodes.length} connected memories, listed below`}>
        {memory.edges.map(({ source, target, kind }, at) => {
          const [from, to] = [placed.get(source), placed.get(target)];
          return from && to ? <line key={at} x1={from.x} y1={from.y} x2={to.x} y2={to.y}><title>{kind}</title></line> : null;
        })}
        {nodes.map((node) => {
          const { x, y } = placed.get(node.id)!;
          return (
            <g key={node.id} class={`node ${node.kind}`} transform={`translate(${x} ${y})`}>
              <title>{node.kind}: {node.label}</title>
              <circle r="7" />
              <text y="21" text-anchor="middle">{node.label.length > 20 ? `${node.label.slice(0, 19)}…` : node.label}</text>
            </g>
          );
        })}
      </svg>
    </div>
  );
}
