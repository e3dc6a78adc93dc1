// A recording as the page needs it: with what was played, when the file does not say so itself.
import { type Cast, type Told, type Trace, told } from "../events";

/**
 * `events` with `played` facts where there are none for an item: the server sends sound at the pace it is
 * heard, so a word sounds as long after the words of its clause were told as it lies behind the clause's first.
 */
export function withPlayed(events: readonly Told[]): Told[] {
  const known = new Set(events.flatMap((event) => (event.name === "played" ? [event.data.item_id] : [])));
  const ends = new Map<string, number>();
  for (const event of events)
    if (event.name === "reply_item_ended") ends.set(event.data.item.id, event.at_ms);
  const made: Told[] = [];
  const anchors = new Map<string, { atMs: number; startMs: number }>();
  for (const event of events) {
    if (event.name !== "reply_text" || known.has(event.data.item_id)) continue;
    const { item_id: id, start_ms: startMs, end_ms: endMs } = event.data;
    if (startMs === null || endMs === null) continue;
    const last = anchors.get(id);
    const anchor = last === undefined || event.at_ms > last.atMs + 20 ? { atMs: event.at_ms, startMs } : last;
    anchors.set(id, anchor);
    const atMs = anchor.atMs + endMs - anchor.startMs;
    if (atMs <= (ends.get(id) ?? Infinity)) made.push(told(atMs, "played", { item_id: id, played_ms: endMs }));
  }
  return [...events, ...made].sort((a, b) => a.at_ms - b.at_ms);
}

/** What a trace file says. Throws an Error that a person can read. */
export function readTrace(text: string): Trace {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    throw new Error("This file is not JSON. Open one that this page exported as a trace.");
  }
  if (typeof found !== "object" || found === null || !("events" in found) || !Array.isArray(found.events))
    throw new Error("This file has no list of events. Open one that this page exported as a trace.");
  const events = found.events.filter(isTold);
  if (events.length === 0) throw new Error("There is nothing in this trace.");
  const id = "id" in found && typeof found.id === "string" ? found.id : "trace";
  const cast = "cast" in found && typeof found.cast === "object" ? (found.cast as Cast | null) : null;
  return { format: "antiphon-trace", version: 1, id, cast, events: events.sort((a, b) => a.at_ms - b.at_ms) };
}

function isTold(one: unknown): one is Told {
  return typeof one === "object" && one !== null && "at_ms" in one && typeof one.at_ms === "number"
    && "name" in one && typeof one.name === "string" && "data" in one && typeof one.data === "object" && one.data !== null;
}

/** The conversation as a text that can be read. */
export function transcript(lines: readonly import("./captions").Line[], nameOf: (persona: string) => string,
  states: (line: import("./captions").AgentLine) => import("./captions").WordState[]): string {
  const rows = lines.map((line) => {
    const time = clock(line.atMs);
    if (line.kind === "note") return `[${time}] (${line.text})`;
    if (line.kind === "caller") return `[${time}] You: ${line.problem ? `(${line.problem})` : line.text}`;
    const state = states(line);
    const part = (wanted: boolean) => line.words.filter((_, at) => (state[at] === "cut") !== wanted)
      .map((word) => word.text).join("").trim();
    const unheard = part(false);
    return `[${time}] ${nameOf(line.persona) || "Antiphon"}: ${part(true)}${unheard ? ` [not heard: ${unheard}]` : ""}`;
  });
  return `${rows.join("\n")}\n`;
}

/** "1:05". */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
