import assert from "node:assert/strict";
import { test } from "node:test";
import { Loudness } from "../src/audio/loudness";
import { type Captured, FRAME, WIRE_HZ } from "../src/audio/messages";
import { Places } from "../src/audio/places";
import { PlayoutQueue } from "../src/audio/queue";
import { Resampler } from "../src/audio/resample";
import { voicedSpan } from "../src/audio/voice";
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

/** A frame of the microphone: a hum of 200 Hz until `loudUntil`, and what the worklet says of it. */
function frame(loudFrom: number, loudUntil: number): Captured {
  const pcm = Int16Array.from({ length: FRAME }, (_, at) =>
    at >= loudFrom && at < loudUntil ? 8_000 * Math.sin((2 * Math.PI * 200 * at) / WIRE_HZ) : ((at * 7919) % 13) - 6);
  return { pcm, time: 0, level: 0.1, loudFrom, loudUntil };
}

test("the page's own watch runs from the last voiced sample, not from the last loud one", () => {
  const heard = new Heard();
  assert.equal(heard.said(500), null, "nobody spoke");
  for (let at = 0; at < 50; at++) heard.captured(frame(FRAME, 0), 20 * at);
  for (let at = 50; at < 70; at++) heard.captured(frame(0, FRAME), 20 * at);
  for (let at = 70; at < 80; at++) heard.captured(frame(FRAME, 0), 20 * at);
  heard.captured(frame(100, 130), 1_600); // a click: loud, and no voice
  for (let at = 81; at < 100; at++) heard.captured(frame(FRAME, 0), 20 * at);
  heard.spoken = true;
  const said = heard.said(1_980)!;
  assert.ok(Math.abs(said.since(voicedSpan(said.audio, WIRE_HZ)![1])! - (1_980 - 1_380)) <= 25);
  heard.spoken = true;
  assert.equal(heard.said(2_000), null, "the second sound answers nothing");
});

test("an interruption is over when the last sound was heard", () => {
  const heard = new Heard();
  heard.captured(frame(120, FRAME), 3_020);
  heard.quiet(null);
  heard.cut("a");
  assert.deepEqual(heard.quiet(3_125), { item_id: "a", ms: 120 });
  assert.equal(heard.quiet(3_200), null, "once");
  heard.cut("b");
  assert.deepEqual(heard.quiet(2_990), { item_id: "b", ms: 0 }, "it had run dry before");
});

test("a voice ends with its throat: breath, clicks and the room do not count", () => {
  const rate = 24_000;
  const sound = (seconds: number, sample: (at: number) => number) =>
    Float32Array.from({ length: Math.round(seconds * rate) }, (_, at) => sample(at / rate));
  let seed = 1;
  const noise = () => ((seed = (seed * 16_807) % 2_147_483_647) / 1_073_741_823.5 - 1);
  const room = (seconds: number) => sound(seconds, () => 0.0005 * noise());
  const hum = sound(0.5, (t) => Math.min(1, 20 * (0.5 - t)) * 0.2 * Math.sin(2 * Math.PI * 140 * t) );
  const breath = sound(0.5, () => 0.02 * noise());
  const whole = (...parts: Float32Array[]) => Float32Array.from(parts.flatMap((part) => [...part]));
  const end = (...parts: Float32Array[]) => voicedSpan(whole(...parts), rate)?.[1] ?? null;
  const near = (found: number | null, seconds: number) => assert.ok(Math.abs(found! / rate - seconds) < 0.016, `${found! / rate}`);
  assert.equal(end(room(1)), null);
  near(end(room(0.5), hum, room(0.5)), 1);
  near(end(room(0.5), hum, room(0.3), sound(0.004, () => 0.3 * noise()), room(0.5)), 1);
  near(end(room(0.5), hum, breath, room(0.5)), 1.3);
  near(end(room(0.5), hum, room(0.2), breath, room(0.5)), 1);
  assert.deepEqual(voicedSpan(new Float32Array(0), rate), null);
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

test("a place is told from its packet, round the clock, and set right after a hole", () => {
  const places = new Places();
  const start = 2 ** 32 - 480;
  assert.equal(places.at(start), null);
  places.begins({ item: "a", fromMs: 0, audibleMs: 5, rtp: start });
  assert.equal(places.at(start - 48), null, "not yet");
  assert.equal(places.at(480)?.ms, 20, "the clock went round between");
  assert.ok(places.advance("a", 300), "reckoned on, through a hole nobody has told of yet");
  places.begins({ item: "a", fromMs: 80, audibleMs: null, rtp: 48 * 290 });
  assert.equal(places.playedMs("a"), 80);
  assert.ok(places.advance("a", places.at(48 * 310)!.ms));
  assert.equal(places.playedMs("a"), 100);
  assert.ok(!places.advance("a", 90), "never back");
  assert.equal(places.item, "a");
});

test("PCM goes through base64 unharmed", () => {
  const pcm = Int16Array.from({ length: 20_000 }, (_, at) => ((at * 7919) % 65_536) - 32_768);
  assert.deepEqual(fromBase64(toBase64(pcm)), pcm);
  assert.equal(toBase64(Int16Array.of(1, -1)), "AQD//w==");
});
