// What is going on, in one line: the state, who speaks, and the doors to everything else.
import type { CallState } from "../call";
import type { Cast } from "../events";
import type { View } from "../fold/view";
import { personOf } from "../people";
import { Face } from "./face";
import { Icon, type IconName } from "./icons";

/** In words, and as a class name: a state is never told by its colour alone. */
export function stateOf(phase: CallState["phase"], view: View): { name: string; kind: string } {
  switch (phase) {
    case "idle": return { name: "not connected", kind: "idle" };
    case "asking": return { name: "waiting for the microphone", kind: "busy" };
    case "connecting": return { name: "connecting", kind: "busy" };
    case "reconnecting": return { name: "reconnecting", kind: "bad" };
    case "live": break;
  }
  switch (view.floor) {
    case "caller": return { name: "hearing you", kind: "caller" };
    case "thinking": return { name: "thinking", kind: "busy" };
    case "agent": return { name: "speaking", kind: "agent" };
    case "interrupted": return { name: "interrupted", kind: "caller" };
    case "quiet": return { name: "listening", kind: "ready" };
  }
}

interface Props {
  phase: CallState["phase"];
  view: View;
  cast: Cast | null;
  replaying: boolean;
  /** Nothing was said yet and nobody is called: there is no state to tell. */
  fresh: boolean;
  doors: { name: string; icon: IconName; open: () => void; shown: boolean }[];
}

export function Header({ phase, view, cast, replaying, fresh, doors }: Props) {
  const state = replaying ? { name: "replay", kind: "idle" } : stateOf(phase, view);
  const person = personOf(cast, view.state?.persona ?? "", view.state?.voice || view.voice);
  const present = cast !== null && (replaying || phase === "live");
  return (
    <header class="top">
      <img src="/app/icon.svg" alt="" width="30" height="30" />
      <h1>Antiphon</h1>
      <span class={`state ${state.kind} ${fresh ? "unseen" : ""}`} role="status"><i aria-hidden="true" />{state.name}</span>
      {present && (
        <span class={`speaker ${person.hue}`} style={person.style}>
          <Face person={person} speaking={view.floor === "agent" && phase === "live"} />
          <span><strong>{person.name}</strong>{person.voice && <small>voice {person.voice}</small>}</span>
        </span>
      )}
      <nav aria-label="Tools">
        {doors.filter((door) => door.shown).map((door) => (
          <button key={door.name} type="button" class="door" onClick={door.open} title={door.name} aria-label={door.name}>
            <Icon name={door.icon} /><span>{door.name.split(" ")[0]}</span>
          </button>
        ))}
      </nav>
    </header>
  );
}
