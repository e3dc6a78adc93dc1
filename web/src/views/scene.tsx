// Where the conversation is: scenes and the ways between them, the checklist, and why it moved.
import type { Cast, Json } from "../events";
import { rows } from "../fold/graph";
import type { View } from "../fold/view";
import { personOf } from "../people";
import { Icon } from "./icons";

export function SceneView({ view, cast }: { view: View; cast: Cast | null }) {
  const { state, moves, tools } = view;
  if (cast === null && state === null && tools.length === 0)
    return (
      <div class="empty">
        <h3>The conversation as a map</h3>
        <p>No cast is set, so the agent is one person. With one, this shows the scenes, who plays them, and what is still to be found out.</p>
        <p>Try: <code><span>antiphon serve</span> <span>--cast examples/restaurant.yaml</span></code></p>
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
      {tools.length > 0 && (
        <ol class="moves" aria-label="Tools">
          {tools.slice(-6).map((tool, at) => (
            <li key={at}>
              <strong>{tool.name}</strong> <code>{brief(tool.arguments)}</code>{" "}
              <span>{tool.status}{tool.ms === null ? "" : ` after ${Math.round(tool.ms)} ms`}{tool.result === null ? "" : `: ${brief(tool.result)}`}</span>
            </li>
          ))}
        </ol>
      )}
    </>
  );
}

const brief = (value: Json) => clipped(shown(value), 80);
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

const BOX = { width: 152, height: 48, across: 18, down: 34 };
/** Room at both sides for ways that pass rows by. */
const BEND = 44;
/** A map narrower than this has letters that nobody can read; it is rather moved about. */
const LEGIBLE = 440;

function Map({ cast, at, moves }: { cast: Cast; at: string; moves: View["moves"] }) {
  const placed = rows(cast);
  const widest = Math.max(...placed.map((row) => row.length));
  const width = widest * (BOX.width + BOX.across) - BOX.across + 2 * BEND;
  const height = placed.length * (BOX.height + BOX.down) - BOX.down + 4;
  const place = new globalThis.Map<string, Place>();
  placed.forEach((row, y) => row.forEach((id, x) => place.set(id, {
    x: BEND + (x + (widest - row.length) / 2) * (BOX.width + BOX.across),
    y: 2 + y * (BOX.height + BOX.down),
    row: y,
  })));
  const visited = new Set([at, cast.start, ...moves.flatMap((move) => [move.from, move.to])]);
  const gone = new Set(moves.map((move) => `${move.from} ${move.to}`));
  const ways = cast.scenes.flatMap((scene) => scene.exits.flatMap((exit) => {
    const [from, to] = [place.get(scene.id), place.get(exit.to)];
    if (from === undefined || to === undefined || from === to) return [];
    return [{ key: `${scene.id} ${exit.to}`, d: way(from, to), label: exit.label, gone: gone.has(`${scene.id} ${exit.to}`) }];
  }));
  // A caller may also come to a scene from anywhere; those ways are shown once they were gone.
  const drawn = new Set(ways.map((one) => one.key));
  for (const move of moves) {
    const [key, from, to] = [`${move.from} ${move.to}`, place.get(move.from), place.get(move.to)];
    if (drawn.has(key) || from === undefined || to === undefined || from === to) continue;
    drawn.add(key);
    ways.push({ key, d: way(from, to), label: move.why, gone: true });
  }
  // What was gone is drawn last, over the others.
  ways.sort((a, b) => Number(a.gone) - Number(b.gone));
  return (
    <div class="map" role="group" aria-label="Map of the scenes" tabIndex={0}>
      <svg viewBox={`0 0 ${width} ${height}`} style={{ maxWidth: `${width}px`, minWidth: `${Math.min(width, LEGIBLE)}px` }} role="img" aria-label={`Scenes; now: ${title(cast, at)}`}>
        <defs><Arrow id="arrow" /><Arrow id="arrow-gone" /></defs>
        {ways.map((one) => (
          <path key={one.key} class={`way ${one.gone ? "gone" : ""}`} d={one.d} marker-end={`url(#arrow${one.gone ? "-gone" : ""})`}>
            <title>{one.label}</title>
          </path>
        ))}
        {cast.scenes.map((scene) => {
          const { x, y } = place.get(scene.id)!;
          const person = personOf(cast, scene.persona, "");
          return (
            <g key={scene.id} style={person.style} class={`scene ${person.hue} ${scene.id === at ? "now" : ""} ${visited.has(scene.id) ? "visited" : ""}`} transform={`translate(${x} ${y})`}>
              <title>{scene.aim}</title>
              <rect width={BOX.width} height={BOX.height} rx="10" />
              <text x="12" y="20">{clipped(scene.title || scene.id, 18)}</text>
              <text x="12" y="37" class="by">{clipped(person.name, 22)}</text>
            </g>
          );
        })}
      </svg>
    </div>
  );
}

function Arrow({ id }: { id: string }) {
  return (
    <marker id={id} viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto">
      <path d="M0 0.5L8 4L0 7.5Z" />
    </marker>
  );
}

interface Place {
  x: number;
  y: number;
  row: number;
}

const clipped = (text: string, most: number) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/** Down to the next row straight; past rows on the right; back, and within a row, on the left. */
function way(from: Place, to: Place): string {
  const half = BOX.height / 2;
  if (to.row === from.row + 1) {
    const [x1, y1, x2, y2] = [from.x + BOX.width / 2, from.y + BOX.height, to.x + BOX.width / 2, to.y - 2];
    const bend = (y2 - y1) / 2;
    return `M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${y2 - bend} ${x2} ${y2}`;
  }
  const down = to.row > from.row;
  const out = Math.min(BEND - 6, 22 + 9 * Math.abs(to.row - from.row));
  const edge = (one: Place) => (down ? one.x + BOX.width : one.x);
  const [x1, y1, x2, y2] = [edge(from), from.y + half + (down ? 6 : -6), edge(to), to.y + half + (down ? -6 : 6)];
  const side = down ? Math.max(x1, x2) + out : Math.min(x1, x2) - out;
  return `M${x1} ${y1}C${side} ${y1} ${side} ${y2} ${x2 + (down ? 2 : -2)} ${y2}`;
}
