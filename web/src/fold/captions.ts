// Who said what: the caller's words as they settle, the agent's words as they are heard.
import type { ShownItem } from "../contracts";
import type { Told } from "../events";

export interface CallerLine {
  kind: "caller";
  id: string;
  atMs: number;
  text: string;
  /** False while the words may still change. */
  settled: boolean;
  typed: boolean;
  /** Why the words could not be made out. */
  problem: string | null;
}

export interface Word {
  text: string;
  /** Where it begins and ends in the item's sound; null for text that is not spoken. */
  startMs: number | null;
  endMs: number | null;
}

export interface AgentLine {
  kind: "agent";
  id: string;
  replyId: string;
  atMs: number;
  words: Word[];
  /** How much of the sound was heard so far. */
  heardMs: number;
  /** How many words were heard for good, by the server's ledger; null while the line is open. */
  heardWords: number | null;
  ended: boolean;
  interrupted: boolean;
  persona: string;
  voice: string;
  /** On the page's own watch. */
  pageMs: number | null;
}

export interface NoteLine {
  kind: "note";
  id: string;
  atMs: number;
  text: string;
}

export type Line = CallerLine | AgentLine | NoteLine;
export type WordState = "heard" | "coming" | "cut";

/** Changes one line, or appends it. */
function put(lines: readonly Line[], line: Line): Line[] {
  const place = lines.findIndex((known) => known.id === line.id);
  return place < 0 ? [...lines, line] : lines.map((known, at) => (at === place ? line : known));
}

function caller(lines: readonly Line[], id: string, atMs: number, changes: Partial<CallerLine>): Line[] {
  const known = lines.find((line): line is CallerLine => line.kind === "caller" && line.id === id);
  const fresh: CallerLine = {
    kind: "caller", id, atMs, text: "", settled: false, typed: false, problem: null,
  };
  return put(lines, { ...(known ?? fresh), ...changes });
}

function agent(
  lines: readonly Line[], id: string, change: (line: AgentLine) => Partial<AgentLine>,
): Line[] {
  const known = lines.find((line): line is AgentLine => line.kind === "agent" && line.id === id);
  return known === undefined ? [...lines] : put(lines, { ...known, ...change(known) });
}

export interface Speaker {
  persona: string;
  voice: string;
}

export function foldCaptions(lines: readonly Line[], event: Told, speaker: Speaker): readonly Line[] {
  switch (event.name) {
    case "speech_started":
      return caller(lines, event.data.item_id, event.at_ms, {});
    case "transcript_partial":
      return caller(lines, event.data.item_id, event.at_ms, { text: event.data.text });
    case "transcript":
      return settle(lines, event.data.item_id, event.at_ms, event.data.text);
    case "transcript_failed":
      return caller(lines, event.data.item_id, event.at_ms, { settled: true, problem: event.data.message });
    case "item_added":
      return added(lines, event.data.item, event.at_ms);
    case "reply_text":
      return spoken(lines, event, speaker);
    case "played":
      return agent(lines, event.data.item_id, (line) => ({
        heardMs: Math.max(line.heardMs, event.data.played_ms),
      }));
    case "page_heard":
      return agent(lines, event.data.item_id, () => ({ pageMs: event.data.ms }));
    case "reply_item_ended":
      return agent(lines, event.data.item.id, (line) => ended(line, event.data.item));
    case "reply_ended":
      return lines.map((line) =>
        line.kind === "agent" && line.replyId === event.data.reply_id ? { ...line, ended: true } : line);
    case "turn_measured":
      return event.data.report.outcome === "interrupted" ? unsaid(lines, event.data.report.answer) : lines;
    case "session_failed":
      return [...lines, note(lines, event.at_ms, event.data.message)];
    case "session_closed":
      return event.data.why ? [...lines, note(lines, event.at_ms, event.data.why)] : lines;
    default:
      return lines;
  }
}

function note(lines: readonly Line[], atMs: number, text: string): NoteLine {
  return { kind: "note", id: `note_${lines.length}`, atMs, text };
}

/** A turn without words leaves no line. */
function settle(lines: readonly Line[], id: string, atMs: number, text: string): Line[] {
  return text.trim() === ""
    ? lines.filter((line) => line.id !== id)
    : caller(lines, id, atMs, { text, settled: true });
}

function added(lines: readonly Line[], item: ShownItem, atMs: number): readonly Line[] {
  if (item.kind !== "message" || item.role !== "user") return lines;
  if (item.spoken) return caller(lines, item.id, atMs, {});
  return caller(lines, item.id, atMs, { text: item.text, settled: true, typed: true });
}

function spoken(lines: readonly Line[], event: Told & { name: "reply_text" }, speaker: Speaker): Line[] {
  const { item_id: id, reply_id: replyId, text, start_ms: startMs, end_ms: endMs } = event.data;
  const word: Word = { text, startMs, endMs };
  const known = lines.find((line): line is AgentLine => line.kind === "agent" && line.id === id);
  if (known !== undefined) return put(lines, { ...known, words: [...known.words, word] });
  return put(lines, {
    kind: "agent", id, replyId, atMs: event.at_ms, words: [word], heardMs: 0, heardWords: null,
    ended: false, interrupted: false, persona: speaker.persona, voice: speaker.voice, pageMs: null,
  });
}

function ended(line: AgentLine, item: ShownItem): Partial<AgentLine> {
  const heardWords = item.interrupted ? wordCount(item.text) : line.words.length;
  const said = line.words.map((word) => word.text.trim()).join(" ");
  // A recording may hold the words that were said without their places.
  const words = said === "" ? item.text.split(/\s+/).map((text) => ({ text: `${text} `, startMs: null, endMs: null })) : line.words;
  return { words, ended: true, interrupted: item.interrupted, heardWords };
}

/** The line that was cut last also shows the words that were made and not even sent. */
function unsaid(lines: readonly Line[], answer: string): readonly Line[] {
  const line = lines.findLast((one): one is AgentLine => one.kind === "agent");
  if (line === undefined || !line.interrupted || line.heardWords === null) return lines;
  const made = answer.trim().split(/\s+/).slice(line.words.length).map((text) => ({ text: ` ${text}`, startMs: null, endMs: null }));
  return put(lines, { ...line, words: [...line.words, ...made] });
}

export function wordCount(text: string): number {
  return text.trim() === "" ? 0 : text.trim().split(/\s+/).length;
}

/**
 * What became of each word: heard, still coming, or never heard.
 *
 * While the line is open the playout decides, by the ledger's rule: a word is heard when half of it was. Once
 * it has ended, the server's ledger has the last word.
 */
export function wordStates(line: AgentLine): WordState[] {
  if (line.heardWords !== null) {
    const kept = line.heardWords;
    return line.words.map((_, at) => (at < kept ? "heard" : "cut"));
  }
  if (line.ended) return line.words.map(() => "heard");
  return line.words.map(({ startMs, endMs }) =>
    startMs === null || endMs === null || startMs + endMs <= 2 * line.heardMs ? "heard" : "coming");
}
