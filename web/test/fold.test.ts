import assert from "node:assert/strict";
import { test } from "node:test";
import { type Told, told } from "../src/events";
import { type AgentLine, type CallerLine, wordStates } from "../src/fold/captions";
import { readTrace, transcript, withPlayed } from "../src/fold/replay";
import { foldAll } from "../src/fold/view";
import { report } from "./reports";

const item = (id: string, text: string, interrupted: boolean) => ({
  id, kind: "message", role: "assistant", text, spoken: true, interrupted, audio_ms: 900,
});

/** A question, and an answer of four words, a quarter of a second each. */
function exchange(): Told[] {
  return [
    told(0, "session_opened", { id: "sess_1", voice: "woman" }),
    told(100, "speech_started", { item_id: "u1", at_ms: 100 }),
    told(600, "transcript_partial", { item_id: "u1", text: "how many" }),
    told(1000, "speech_stopped", { item_id: "u1", at_ms: 1000 }),
    told(1100, "transcript", { item_id: "u1", text: "How many legs?" }),
    told(1200, "reply_started", { reply_id: "r1", in_conversation: true }),
    ...["Spiders", " have", " eight", " legs."].map((text, at) =>
      told(1201, "reply_text", { reply_id: "r1", item_id: "a1", text, start_ms: at * 250, end_ms: at * 250 + 240 })),
  ];
}

const agent = (events: Told[]) => foldAll(events).lines.find((line): line is AgentLine => line.kind === "agent")!;
const caller = (events: Told[]) => foldAll(events).lines.find((line): line is CallerLine => line.kind === "caller")!;

test("the caller's words settle in place", () => {
  const events = exchange();
  assert.deepEqual([caller(events.slice(0, 3)).text, caller(events.slice(0, 3)).settled], ["how many", false]);
  assert.deepEqual([caller(events).text, caller(events).settled], ["How many legs?", true]);
  assert.equal(foldAll(events).lines.length, 2);
});

test("a turn without words leaves no line", () => {
  const events = [...exchange().slice(0, 4), told(1100, "transcript", { item_id: "u1", text: " " })];
  assert.deepEqual(foldAll(events).lines, []);
});

test("words are grey until half of each was heard", () => {
  const played = (ms: number) => wordStates(agent([...exchange(), told(2000, "played", { item_id: "a1", played_ms: ms })]));
  assert.deepEqual(played(0), ["coming", "coming", "coming", "coming"]);
  assert.deepEqual(played(119), ["coming", "coming", "coming", "coming"]);
  assert.deepEqual(played(380), ["heard", "heard", "coming", "coming"]);
  assert.deepEqual(played(1000), ["heard", "heard", "heard", "heard"]);
});

test("what was cut is what the server's ledger says, not what the page had played", () => {
  const cut = agent([
    ...exchange(),
    told(1500, "played", { item_id: "a1", played_ms: 700 }),
    told(1600, "reply_item_ended", { reply_id: "r1", item: item("a1", "Spiders have", true) }),
  ]);
  assert.deepEqual(wordStates(cut), ["heard", "heard", "cut", "cut"]);
  assert.equal(cut.interrupted, true);
});

test("words that were made and never sent are shown as cut", () => {
  const events = [...exchange(), told(1600, "reply_item_ended", { reply_id: "r1", item: item("a1", "Spiders have", true) })];
  const measured = told(1700, "turn_measured", { report: report(1, { outcome: "interrupted", answer: "Spiders have eight legs. Or so.", heard: "Spiders have" }) });
  assert.deepEqual(agent([...events, measured]).words.map((word) => word.text.trim()), ["Spiders", "have", "eight", "legs.", "Or", "so."]);
  assert.deepEqual(wordStates(agent([...events, measured])), ["heard", "heard", "cut", "cut", "cut", "cut"]);
  assert.deepEqual(agent([...events, measured, measured]).words.length, 6, "once is enough");
});

test("a reply that ended whole was heard whole", () => {
  const whole = agent([...exchange(), told(2300, "reply_item_ended", { reply_id: "r1", item: item("a1", "Spiders have eight legs.", false) })]);
  assert.deepEqual(wordStates(whole), ["heard", "heard", "heard", "heard"]);
});

test("the floor goes round", () => {
  const events = exchange();
  const floors = [2, 4, 7].map((count) => foldAll(events.slice(0, count)).floor);
  assert.deepEqual(floors, ["caller", "thinking", "agent"]);
  const cut = told(1600, "reply_ended", { reply_id: "r1", status: "cancelled", reason: "turn_detected" });
  assert.equal(foldAll([...events, cut]).floor, "interrupted");
  const done = told(1600, "reply_ended", { reply_id: "r1", status: "completed", reason: "" });
  assert.equal(foldAll([...events, done]).floor, "quiet");
});

test("a turn's account is replaced by its newer form", () => {
  const view = foldAll([
    told(1, "turn_measured", { report: report(1, { heard_ms: null }) }),
    told(2, "turn_measured", { report: report(2) }),
    told(3, "turn_measured", { report: report(1, { heard_ms: 727 }) }),
  ]);
  assert.deepEqual(view.turns.map((turn) => [turn.turn, turn.heard_ms]), [[1, 727], [2, 800]]);
});

test("a second call counts on, a resumed one goes on", () => {
  const turns = (...events: Told[]) => foldAll(events).turns.map((turn) => turn.turn);
  const open = (id: string) => told(0, "session_opened", { id });
  const measured = (turn: number) => told(1, "turn_measured", { report: report(turn) });
  assert.deepEqual(turns(open("a"), measured(1), measured(2), open("b"), measured(1), measured(1)), [1, 2, 3]);
  assert.deepEqual(turns(open("a"), measured(1), open("a"), measured(2)), [1, 2]);
});

test("a persona's line keeps who said it when another takes over", () => {
  const state = (persona: string, at: number) => told(at, "state", {
    turn: 1, version: 1, scene: "hall", persona, voice: "man", checklist: [], slots: [],
    moved: persona === "cook" ? { from: "hall", to: "kitchen", by: "rule", why: "asked for food" } : null,
  });
  const view = foldAll([state("host", 0), ...exchange(), state("cook", 2000)]);
  assert.equal((view.lines[1] as AgentLine).persona, "host");
  assert.equal(view.state?.persona, "cook");
  assert.deepEqual(view.moves.map((move) => move.to), ["kitchen"]);
});

test("unknown facts change nothing but the time", () => {
  const view = foldAll([{ at_ms: 5, name: "weather", data: { sunny: true } } as unknown as Told]);
  assert.deepEqual([view.atMs, view.lines.length], [5, 0]);
});

test("a recording without acknowledgements is played as it was sent", () => {
  const events = [...exchange(), told(2300, "reply_item_ended", { reply_id: "r1", item: item("a1", "Spiders have eight legs.", false) })];
  const known = withPlayed(events);
  const at = (ms: number) => wordStates(agent(known.filter((event) => event.at_ms <= ms)));
  assert.deepEqual(at(1210), ["coming", "coming", "coming", "coming"]);
  assert.deepEqual(at(1750), ["heard", "heard", "coming", "coming"]);
  assert.deepEqual(withPlayed(known), known, "what is there is not made twice");
});

test("a trace is read back, and what is none is refused in words", () => {
  const events = exchange();
  const trace = readTrace(JSON.stringify({ format: "antiphon-trace", version: 1, id: "sess_1", cast: null, events }));
  assert.deepEqual(foldAll(trace.events), foldAll(events));
  assert.throws(() => readTrace("{"), /not JSON/);
  assert.throws(() => readTrace('{"a": 1}'), /no list of events/);
  assert.throws(() => readTrace('{"events": [1, {"name": 3}]}'), /nothing in this trace/);
});

test("the transcript tells what was not heard", () => {
  const events = [...exchange(), told(1600, "reply_item_ended", { reply_id: "r1", item: item("a1", "Spiders have", true) })];
  const text = transcript(foldAll(events).lines, () => "Cook", wordStates);
  assert.equal(text, "[0:00] You: How many legs?\n[0:01] Cook: Spiders have [not heard: eight legs.]\n");
});
