import assert from "node:assert/strict";
import { test } from "node:test";
import { equation, percentile, percentiles, spoken, waterfall } from "../src/fold/figures";
import { rows, springs } from "../src/fold/graph";
import { report } from "./reports";

test("percentiles are of the values there are", () => {
  const values = Array.from({ length: 20 }, (_, at) => 20 - at);
  assert.deepEqual([percentile(values, 0.5), percentile(values, 0.95), percentile([], 0.5), percentile([7], 0.95)], [10, 19, null, 7]);
  const turns = [report(1, { heard_ms: null }), report(2, { heard_ms: 500 }), report(3, { heard_ms: 900 })];
  assert.deepEqual(percentiles(turns, (turn) => turn.heard_ms), { count: 2, p50: 500, p95: 900 });
});

test("a greeting is no answer to a voice", () => {
  assert.ok(spoken(report(1)));
  assert.ok(!spoken(report(1, { terms: [{ name: "end_of_turn", owner: "policy", ms: 0 }, { name: "synthesis", owner: "hibari", ms: 40 }] })));
});

test("a waterfall's pieces stand in the order they began, and the small ones together", () => {
  const { bars, smallMs, scaleMs, ticks } = waterfall(report(1));
  assert.deepEqual(bars.map((bar) => bar.term), ["end_of_turn", "transcription", "first_token"]);
  assert.ok(Math.abs(smallMs - 0.2) < 1e-6);
  assert.deepEqual([scaleMs, ticks], [800, [0, 200, 400, 600, 800]]);
});

test("the equation says what adds up to what", () => {
  assert.equal(equation(report(1)), "321 end-of-turn wait + 149 transcription + 150 first token − 219 overlap = 710 ms sent");
  assert.equal(equation(report(1, { sent_ms: null })), "");
  const waited = [...report(1).terms, { name: "queue" as const, owner: "event loop", ms: 40 }, { name: "queue" as const, owner: "whisper", ms: 2 }];
  assert.match(equation(report(1, { terms: waited })), /150 first token \+ 42 queue − 219/);
});

test("scenes stand in rows below whatever leads to them", () => {
  const scene = (id: string, ...to: string[]) => ({ id, title: id, persona: "", aim: "", checklist: [], exits: to.map((one) => ({ to: one, label: "" })) });
  const scenes = [scene("greet", "table", "bar"), scene("table", "order"), scene("bar", "order", "greet"), scene("order"), scene("lost")];
  assert.deepEqual(rows({ name: "", title: "", personas: [], scenes, start: "greet" }), [["greet"], ["table", "bar"], ["order"], ["lost"]]);
  const many = [scene("a", "b", "c", "d", "e"), scene("b"), scene("c"), scene("d"), scene("e")];
  assert.deepEqual(rows({ name: "", title: "", personas: [], scenes: many, start: "a" }), [["a"], ["b", "c", "d"], ["e"]]);
  const chain = [scene("a", "b", "d"), scene("b", "c", "a"), scene("c", "d", "b"), scene("d")];
  assert.deepEqual(rows({ name: "", title: "", personas: [], scenes: chain, start: "a" }), [["a"], ["b"], ["c"], ["d"]]);
});

test("springs keep every node inside, and apart", () => {
  const ids = ["a", "b", "c", "d", "e", "f"];
  const placed = springs(ids, [{ source: "a", target: "b" }, { source: "a", target: "c" }, { source: "x", target: "a" }], 500, 300);
  assert.deepEqual(placed.map((one) => one.id), ids);
  for (const { x, y } of placed) assert.ok(x >= 60 && x <= 440 && y >= 22 && y <= 274);
  for (const one of placed) for (const other of placed)
    if (one !== other) assert.ok(Math.hypot(one.x - other.x, one.y - other.y) > 30, `${one.id} lies on ${other.id}`);
});
