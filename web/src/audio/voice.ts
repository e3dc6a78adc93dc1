// Where a voice begins and ends in a recording: the anchor of the response time. The rule and its reasons stand in
// the server's runtime/voiced.py; this is the same rule, so that both watches are started by the same sample.
import { Resampler } from "./resample";

const HOPS_PER_SECOND = 200;
const HOPS_PER_WINDOW = 4;
const BAND_HZ = [20, 8000] as const;
const PITCH_HZ = [80, 400] as const;
/** As the server listens. */
const LISTENING_HZ = 16_000;

const LOUD_HOPS = 40;
const FLOOR_HOPS = 20;
const BELOW_LOUD_DB = 27;
const ABOVE_FLOOR_DB = 8;
const LEAST_BELOW_LOUD_DB = 12;
const BRIDGED_HOPS = 25;
const SURE_HOPS = 6;
const SURE_DB = 6;
const PITCH_BELOW_LOUD_DB = 18;
const AFTER_PITCH_HOPS = 60;

const DIGITAL_SILENCE_DB = -90;
const INAUDIBLE_DB = -60;

type Part = readonly [from: number, to: number];

/** The first voiced sample and the end of the last; null when nobody is heard. */
export function voicedSpan(audio: Float32Array, rateHz: number): Part | null {
  const [level, pitch] = levels(audio, rateHz);
  const loudHops = Math.min(LOUD_HOPS, Math.floor((level.length + 2) / 3));
  if (loudHops === 0) return null;
  const loud = loudest(level, loudHops);
  if (loud < INAUDIBLE_DB) return null;
  const threshold = thresholdOf(level, loud);
  const above = Array.from(level, (one) => one > threshold);
  const sure = Array.from(level, (one) => one >= Math.min(threshold + SURE_DB, loud));
  const parts = joined(runs(above)).filter((part) => often(sure, part));
  if (parts.length === 0) return null;
  const least = loudest(pitch, loudHops) - PITCH_BELOW_LOUD_DB;
  const pitched = Array.from(pitch, (one) => one >= least);
  const withPitch = parts.filter((part) => often(pitched, part));
  const voices = withPitch.length > 0 ? withPitch : parts;
  const hop = rateHz / HOPS_PER_SECOND;
  return [Math.round(voices[0]![0] * hop), Math.min(Math.round(endOf(voices[voices.length - 1]!, above, pitched) * hop), audio.length)];
}

function loudest(level: Float64Array, hops: number): number {
  const sorted = Float64Array.from(level).sort();
  return sorted[sorted.length - hops]!;
}

function thresholdOf(level: Float64Array, loud: number): number {
  const room = level.filter((one) => one > DIGITAL_SILENCE_DB).sort();
  const floor = room[Math.min(FLOOR_HOPS, room.length) - 1]!;
  return Math.max(loud - BELOW_LOUD_DB, Math.min(floor + ABOVE_FLOOR_DB, loud - LEAST_BELOW_LOUD_DB));
}

function runs(is: readonly boolean[]): Part[] {
  const found: Part[] = [];
  let from = -1;
  for (let at = 0; at <= is.length; at++) {
    if (is[at] && from < 0) from = at;
    else if (!is[at] && from >= 0) {
      found.push([from, at]);
      from = -1;
    }
  }
  return found;
}

function joined(parts: readonly Part[]): Part[] {
  const out: Part[] = [];
  for (const part of parts) {
    const last = out[out.length - 1];
    if (last !== undefined && part[0] - last[1] <= BRIDGED_HOPS) out[out.length - 1] = [last[0], part[1]];
    else out.push(part);
  }
  return out;
}

function often(happens: readonly boolean[], [from, to]: Part): boolean {
  let times = 0;
  for (let at = from; at < to; at++) times += Number(happens[at]);
  return times >= SURE_HOPS;
}

/** After the last moment that a throat sounds a voice goes on for a while, and a breath behind it does not count. */
function endOf([from, to]: Part, above: readonly boolean[], pitched: readonly boolean[]): number {
  const throat = pitched.lastIndexOf(true, to - 1);
  if (throat < from) return to;
  let limit = Math.min(to, throat + 1 + AFTER_PITCH_HOPS);
  if (limit < to && above[limit]) {
    const gap = above.lastIndexOf(false, limit - 1);
    if (gap > throat) limit = gap;
  }
  return above.lastIndexOf(true, limit - 1) + 1;
}

/** Decibels of full scale around each hop: of everything, and where a throat sounds. */
function levels(audio: Float32Array, rateHz: number): [Float64Array, Float64Array] {
  const sound = resampled(audio, rateHz);
  const mean = sound.reduce((sum, sample) => sum + sample, 0) / Math.max(1, sound.length);
  // Silence behind keeps the end from being mixed with the beginning.
  const size = 2 ** Math.ceil(Math.log2(sound.length + LISTENING_HZ / 4));
  const [real, imaginary] = [new Float64Array(size), new Float64Array(size)];
  for (let at = 0; at < sound.length; at++) real[at] = sound[at]! - mean;
  transform(real, imaginary);
  for (let at = 0; at < size; at++) {
    const hz = (Math.min(at, size - at) * LISTENING_HZ) / size;
    const all = Number(hz >= BAND_HZ[0] && hz <= BAND_HZ[1]) / size;
    const throat = Number(hz >= PITCH_HZ[0] && hz <= PITCH_HZ[1]) / size;
    const [re, im] = [real[at]!, imaginary[at]!];
    // Both bands go back at once, one as the real part and one as the imaginary; and the inverse is the transform
    // with both parts exchanged, before and after.
    real[at] = all * im + throat * re;
    imaginary[at] = all * re - throat * im;
  }
  transform(real, imaginary);
  return [decibels(imaginary, sound.length), decibels(real, sound.length)];
}

function resampled(audio: Float32Array, rateHz: number): Float32Array {
  const resampler = new Resampler(rateHz, LISTENING_HZ);
  const out = new Float32Array(Math.floor((audio.length * LISTENING_HZ) / rateHz));
  const [most, rest] = [resampler.push(audio), resampler.push(new Float32Array(rateHz / 100))];
  out.set(most);
  out.set(rest.subarray(0, out.length - most.length), most.length);
  return out;
}

function decibels(sound: Float64Array, length: number): Float64Array {
  const hop = LISTENING_HZ / HOPS_PER_SECOND;
  const power = Float64Array.from({ length: Math.floor(length / hop) }, (_, place) => {
    let sum = 0;
    for (let at = place * hop; at < (place + 1) * hop; at++) sum += sound[at]! ** 2;
    return sum / hop;
  });
  return power.map((_, place) => {
    let sum = 0;
    for (let at = place - 1; at < place - 1 + HOPS_PER_WINDOW; at++) sum += power[at] ?? 0;
    return 10 * Math.log10(sum / HOPS_PER_WINDOW + 1e-10);
  });
}

/** The discrete Fourier transform of a length that is a power of two, in its place. */
function transform(real: Float64Array, imaginary: Float64Array): void {
  const size = real.length;
  for (let at = 1, place = 0; at < size; at++) {
    let bit = size >> 1;
    for (; place & bit; bit >>= 1) place ^= bit;
    place ^= bit;
    if (at >= place) continue;
    [real[at], real[place]] = [real[place]!, real[at]!];
    [imaginary[at], imaginary[place]] = [imaginary[place]!, imaginary[at]!];
  }
  const [cosine, sine] = [new Float64Array(size / 2), new Float64Array(size / 2)];
  for (let at = 0; at < size / 2; at++) {
    cosine[at] = Math.cos((2 * Math.PI * at) / size);
    sine[at] = -Math.sin((2 * Math.PI * at) / size);
  }
  for (let half = 1; half < size; half *= 2) {
    const step = size / (2 * half);
    for (let start = 0; start < size; start += 2 * half) {
      for (let at = 0; at < half; at++) {
        const [low, high] = [start + at, start + at + half];
        const [c, s] = [cosine[at * step]!, sine[at * step]!];
        const re = real[high]! * c - imaginary[high]! * s;
        const im = real[high]! * s + imaginary[high]! * c;
        real[high] = real[low]! - re;
        imaginary[high] = imaginary[low]! - im;
        real[low] = real[low]! + re;
        imaginary[low] = imaginary[low]! + im;
      }
    }
  }
}
