import assert from "node:assert/strict";
import { test } from "node:test";
import { Loudness } from "../src/audio/loudness";
import { FRAME } from "../src/audio/messages";
import { PlayoutQueue } from "../src/audio/queue";
import { Resampler } from "../src/audio/resample";
import { Tape } from "../src/audio/wav";
import { Heard } from "../src/heard";
import { fromBase64, toBase64 } from "../src/transport/base64";

const tone = (hz: number, rate: number, seconds: number) =>
  Float32Array.from({ length: Math.round(rate * seconds) }, (_, at) => Math.sin((2 * Math.PI * hz * at) / rate));

function resampled(input: Float32Array, from: number, piece: number): Float32Array {
  const resampler = new Resampler(from, 24_000);
  const out: number[] = [];
  for (let at = 0; at < input.length; at += piece) out.push(...resampler.push(input.slice(at, at + piece)));
  return Float32Array.from(out);
}

/** Root mean square of the middle. */
const level = (samples: Float32Array) => {
  const middle = samples.slice(samples.length / 4, (3 * samples.length) / 4);
  return Math.sqrt(middle.reduce((sum, one) => sum + one * one, 0) / middle.length);
};

for (const from of [16_000, 24_000, 44_100, 48_000, 96_000])
  test(`a voice from ${from} Hz comes through whole, whatever the pieces`, () => {
    const input = tone(1_000, from, 0.5);
    const out = resampled(input, from, 128);
    assert.ok(Math.abs(out.length - 12_000) < 60, `${out.length} samples`);
    assert.ok(Math.abs(level(out) - Math.SQRT1_2) < 0.01, `level ${level(out)}`);
    assert.deepEqual(resampled(input, from, 1_000).slice(0, 11_000), out.slice(0, 11_000));
    const shift = out.slice(6_000).findIndex((sample, at) => sample <= 0 && out[6_001 + at]! > 0);
    assert.ok(shift >= 0 && shift <= 24, "a period is 24 samples");
  });

test("what 24 kHz cannot hold does not fold back", () => {
  assert.ok(level(resampled(tone(15_000, 48_000, 0.5), 48_000, 128)) < 0.01);
  assert.ok(level(resampled(tone(9_000, 48_000, 0.5), 48_000, 128)) > 0.69);
});

test("the queue knows which sample of which item was played, and when an item is first heard", () => {
  const queue = new PlayoutQueue();
  const heard: [string, number][] = [];
  const fill = (length: number) => {
    const output = new Float32Array(length).fill(9);
    return [queue.fill(output, (item, place) => heard.push([item, place])), ...output];
  };
  queue.push("a", Float32Array.of(0, 0.001, 0.5));
  queue.push("a", Float32Array.of(0.25));
  queue.push("b", Float32Array.of(-0.5, 0.5));
  assert.deepEqual(fill(2).map((one) => Math.round(one * 1000) / 1000), [2, 0, 0.001]);
  assert.deepEqual([queue.item, queue.position], ["a", 2]);
  assert.deepEqual(fill(4), [4, 0.5, 0.25, -0.5, 0.5]);
  assert.deepEqual(heard, [["a", 0], ["b", 2]]);
  assert.deepEqual([queue.item, queue.position, queue.empty], ["b", 2, true]);
  assert.deepEqual(fill(2), [0, 0, 0]);
  queue.push("b", Float32Array.of(1, 1));
  queue.flush();
  assert.deepEqual([...fill(1), queue.position], [0, 0, 2]);
});

test("what stands out of the room is loud, to the sample", () => {
  const loudness = new Loudness();
  const noise = () => Float32Array.from({ length: FRAME }, (_, at) => (at % 2 ? 0.001 : -0.001));
  for (let frame = 0; frame < 50; frame++) assert.equal(loudness.judge(noise()).loudUntil, 0);
  const voice = noise();
  voice.fill(0.2, 100, 301);
  assert.deepEqual([loudness.judge(voice).loudFrom, loudness.judge(voice).loudUntil], [100, 301]);
});

test("the page's own watch: answered, and silenced", () => {
  const heard = new Heard();
  const frame = (loudFrom: number, loudUntil: number) => ({ pcm: new Int16Array(FRAME), level: 0.1, loudFrom, loudUntil });
  assert.equal(heard.answered(500), null, "nobody spoke");
  heard.captured(frame(0, FRAME), 1_000);
  heard.captured(frame(0, 240), 1_020);
  heard.spoken = true;
  assert.equal(heard.answered(1_510), 500);
  assert.equal(heard.answered(1_600), null, "the second sound answers nothing");
  heard.captured(frame(120, FRAME), 3_020);
  assert.equal(heard.silenced(3_125), 120);
  heard.emptyAt = 3_065;
  assert.equal(heard.silenced(3_125), 60, "it had run dry before");
});

test("sound that was received is handed out once, by its place", () => {
  const heard = new Heard();
  heard.received("a", Int16Array.of(1, 2, 3));
  heard.received("a", Int16Array.of(4, 5));
  assert.deepEqual([...heard.take("a", 0, 2)], [1, 2]);
  assert.deepEqual([...heard.take("a", 2, 5)], [3, 4, 5]);
  assert.deepEqual([...heard.take("a", 5, 6)], [0]);
});

test("a WAV of both sides, each in its place", () => {
  const tape = new Tape();
  tape.add(0, 0, Int16Array.of(1, 2));
  tape.add(0, 0.5, Int16Array.of(3));
  tape.add(1, 1_000, Int16Array.of(-7));
  const wav = new DataView(tape.wav());
  assert.equal(wav.byteLength, 44 + 24_001 * 4);
  assert.equal(wav.getUint32(24, true), 24_000);
  assert.deepEqual([0, 1, 2].map((frame) => wav.getInt16(44 + frame * 4, true)), [1, 2, 3]);
  assert.equal(wav.getInt16(44 + 24_000 * 4 + 2, true), -7);
});

test("PCM goes through base64 unharmed", () => {
  const pcm = Int16Array.from({ length: 20_000 }, (_, at) => ((at * 7919) % 65_536) - 32_768);
  assert.deepEqual(fromBase64(toBase64(pcm)), pcm);
  assert.equal(toBase64(Int16Array.of(1, -1)), "AQD//w==");
});
