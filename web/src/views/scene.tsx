// Where the conversation is: scenes and the ways between them, the checklist, and why it moved.
import type { Cast, Json } from "../events";
import { layers } from "../fold/graph";
import type { View } from "../fold/view";
import { personOf } from "../people";
import { Icon } from "./icons";

export function SceneView({ view, cast }: { view: View; cast: Cast | null }) {
  const { state, moves } = view;
  if (cast === null && state === null)
    return (
      <div class="empty">
        <h3>The conversation as a map</h3>
        <p>No cast is set, so the agent is one person. With one, this shows the scenes, who plays them, and what is still to be found out.</p>
        <p>Try: <code>cast = "examples/restaurant.yaml"</code> in antiphon.toml.</p>
      </div>
    );
  return (
    <>
      {cast !== null && <Map cast={cast} at={state?.scene ?? cast.start} moves={moves} />}
      {state !== null && state.checklist.length > 0 && <Checklist state={state} />}
      {state !== null && state.slots.length > 0 && (
        <dl class="slots">
          {state.slots.map((slot) => (
            <div key={slot.name}><dt>{slot.name}</dt><dd>{slot.value === null ? <em>not known</em> : shown(slot.value)}</dd></div>
          ))}
        </dl>
      )}
      {moves.length > 0 && (
        <ol class="moves" aria-label="Moves">
          {moves.slice(-6).map((move, at) => (
            <li key={at}><strong>{title(cast, move.from)} → {title(cast, move.to)}</strong> <span>{move.by}{move.why ? `: ${move.why}` : ""}</span></li>
          ))}
        </ol>
      )}
    </>
  );
}

const shown = (value: Json) => (typeof value === "string" ? value : JSON.stringify(value));
const title = (cast: Cast | null, id: string) => cast?.scenes.find((scene) => scene.id === id)?.title || id;

function Checklist({ state }: { state: NonNullable<View["state"]> }) {
  return (
    <ul class="checklist" aria-label="Checklist of this scene">
      {state.checklist.map((entry) => (
        <li key={entry.id} class={entry.done ? "done" : ""}>
          <span class="tick" aria-hidden="true">{entry.done && <Icon name="check" />}</span>
          {entry.label}<span class="unseen">{entry.done ? ", done" : ", open"}</span>
        </li>
      ))}
    </ul>
  );
}

const BOX = { width: 132, height: 50, across: 48, down: 22 };

function Map({ cast, at, moves }: { cast: Cast; at: string; moves: View["moves"] }) {
  const columns = layers(cast);
  const tallest = Math.max(...columns.map((column) => column.length));
  const width = columns.length * (BOX.width + BOX.across) - BOX.across + 4;
  const height = tallest * (BOX.height + BOX.down) - BOX.down + 30;
  const place = new globalThis.Map<string, { x: number; y: number }>();
  columns.forEach((column, x) => column.forEach((id, y) => place.set(id, {
    x: 2 + x * (BOX.width + BOX.across),
    y: 14 + (y + (tallest - column.length) / 2) * (BOX.height + BOX.down),
  })));
  const visited = new Set([at, cast.start, ...moves.flatMap((move) => [move.from, move.to])]);
  const gone = new Set(moves.map((move) => `${move.from} ${move.to}`));
  return (
    <div class="map">
      <svg viewBox={`0 0 ${width} ${height}`} style={{ maxWidth: `${width}px` }} role="img" aria-label={`Scenes; now: ${title(cast, at)}`}>
        <defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto-start-reverse"><path d="M0 0L8 4L0 8Z" /></marker></defs>
        {cast.scenes.flatMap((scene) => scene.exits.map((exit) => {
          const [from, to] = [place.get(scene.id), place.get(exit.to)];
          if (from === undefined || to === undefined || from === to) return null;
          return (
            <path key={`${scene.id} ${exit.to}`} class={`way ${gone.has(`${scene.id} ${exit.to}`) ? "gone" : ""}`} d={way(from, to)} marker-end="url(#arrow)">
              <title>{exit.label}</title>
            </path>
          );
        }))}
        {cast.scenes.map((scene) => {
          const { x, y } = place.get(scene.id)!;
          const person = personOf(cast, scene.persona, "");
          return (
            <g key={scene.id} class={`scene ${person.hue} ${scene.id === at ? "now" : ""} ${visited.has(scene.id) ? "visited" : ""}`} transform={`translate(${x} ${y})`}>
              <title>{scene.aim}</title>
              <rect width={BOX.width} height={BOX.height} rx="10" />
              <text x="12" y="21">{clipped(scene.title || scene.id, 17)}</text>
              <text x="12" y="38" class="by">{clipped(person.name, 19)}</text>
            </g>
          );
        })}
      </svg>
    </div>
  );
}

const clipped = (text: string, most: number) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/** Forward from side to side; back, and within a column, by an arc. */
function way(from: { x: number; y: number }, to: { x: number; y: number }): string {
  const middle = BOX.height / 2;
  if (to.x > from.x) {
    const [x1, y1, x2, y2] = [from.x + BOX.width, from.y + middle, to.x - 2, to.y + middle];
    const bend = (x2 - x1) / 2;
    return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
  }
  if (to.x === from.x) {
    const [x, y1, y2] = [from.x + BOX.width, from.y + middle, to.y + middle];
    return `M${x} ${y1}C${x + 34} ${y1} ${x + 34} ${y2} ${x + 2} ${y2}`;
  }
  const [x1, x2] = [from.x + BOX.width / 2 - 12, to.x + BOX.width / 2 + 12];
  const top = Math.min(from.y, to.y) - 14;
  return `M${x1} ${from.y}C${x1} ${top} ${x2} ${top} ${x2} ${to.y - 2}`;
}
