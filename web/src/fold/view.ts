// Everything the page shows, as a fold over the list of events: pure, so live and replay cannot differ.
import type { TurnReport } from "../contracts";
import type { MemoryFact, PromptFact, StateFact, Told, ToolFact } from "../events";
import { type Line, foldCaptions } from "./captions";

/** What the conversation is doing. */
export type Floor = "quiet" | "caller" | "thinking" | "agent" | "interrupted";

export interface Move {
  atMs: number;
  from: string;
  to: string;
  by: string;
  why: string;
}

export interface View {
  atMs: number;
  sessionId: string;
  voice: string;
  floor: Floor;
  lines: readonly Line[];
  /** Each turn's account in its newest form, oldest first; counted on where one call follows another. */
  turns: readonly TurnReport[];
  turnsBefore: number;
  state: StateFact | null;
  moves: readonly Move[];
  memory: MemoryFact | null;
  prompt: PromptFact | null;
  /** The newest state of each call, oldest first. */
  tools: readonly ToolFact[];
  /** How long the sound went on after the caller began to interrupt, on the page's own watch. */
  silencedMs: readonly number[];
}

export const START: View = {
  atMs: 0, sessionId: "", voice: "", floor: "quiet", lines: [], turns: [], turnsBefore: 0, state: null, moves: [],
  memory: null, prompt: null, tools: [], silencedMs: [],
};

export function fold(view: View, event: Told): View {
  const speaker = { persona: view.state?.persona ?? "", voice: view.state?.voice || view.voice };
  return {
    ...foldFact(view, event),
    atMs: Math.max(view.atMs, event.at_ms),
    floor: foldFloor(view.floor, event),
    lines: foldCaptions(view.lines, event, speaker),
  };
}

export function foldAll(events: readonly Told[]): View {
  return events.reduce(fold, START);
}

function foldFact(view: View, event: Told): View {
  switch (event.name) {
    case "session_opened":
      return opened(view, event.data.id ?? "", event.data.voice ?? "");
    case "turn_measured": {
      const report = { ...event.data.report, turn: event.data.report.turn + view.turnsBefore };
      return { ...view, turns: replaced(view.turns, report, (turn) => turn.turn) };
    }
    case "state":
      return { ...view, state: event.data, moves: moved(view.moves, event.data, event.at_ms) };
    case "memory":
      return { ...view, memory: event.data };
    case "prompt":
      return { ...view, prompt: event.data };
    case "tool":
      return { ...view, tools: replaced(view.tools, event.data, (tool) => `${tool.turn} ${tool.name}`) };
    case "page_silenced":
      return { ...view, silencedMs: [...view.silencedMs, event.data.ms] };
    default:
      return view;
  }
}

/** Another session begins at turn 1 again; the same one, resumed, goes on. */
function opened(view: View, id: string, voice: string): View {
  const same = id === view.sessionId;
  const turnsBefore = same ? view.turnsBefore : Math.max(0, ...view.turns.map((turn) => turn.turn));
  return { ...view, sessionId: id || view.sessionId, voice: voice || view.voice, turnsBefore };
}

function moved(moves: readonly Move[], state: StateFact, atMs: number): readonly Move[] {
  return state.moved === null ? moves : [...moves, { atMs, ...state.moved }];
}

/** `known` with `fresh` in the place of the one with the same key, or behind them all. */
function replaced<T>(known: readonly T[], fresh: T, key: (one: T) => string | number): readonly T[] {
  const place = known.findIndex((one) => key(one) === key(fresh));
  return place < 0 ? [...known, fresh] : known.map((one, at) => (at === place ? fresh : one));
}

function foldFloor(floor: Floor, event: Told): Floor {
  switch (event.name) {
    case "speech_started":
      return "caller";
    case "speech_stopped":
      return "thinking";
    case "reply_text":
      return "agent";
    case "reply_ended":
      if (event.data.status === "cancelled" && event.data.reason === "turn_detected") return "interrupted";
      return floor === "caller" ? floor : "quiet";
    case "transcript":
      return event.data.text.trim() === "" && floor === "thinking" ? "quiet" : floor;
    case "turn_measured":
      return floor === "thinking" || floor === "interrupted" ? "quiet" : floor;
    case "session_closed":
      return "quiet";
    default:
      return floor;
  }
}
