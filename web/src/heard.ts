// What this page itself knows of who sounded when: its own watch, beside the server's.
import { type Captured, FRAME } from "./audio/messages";

const FRAME_MS = 20;
/** After so long a pause a loud sample is a new beginning. */
const PAUSE_MS = 500;
/** An answer later than this answers something else. */
const LATEST_MS = 20_000;
/** So much of the caller is kept, to find the end of their voice in. */
const KEPT_MS = 30_000;
/** So much of the room before the first loud sample goes with it. */
const ROOM_MS = 500;

interface Frame {
  pcm: Int16Array;
  endMs: number;
}

export class Heard {
  /** The item that sounds or is about to; null between replies. */
  playing: string | null = null;
  /** Since when nothing sounds; null while something does. */
  emptyAt: number | null = null;
  /** The caller has spoken since the last answer. */
  spoken = false;
  /** The caller since the last answer. */
  #caller: Frame[] = [];
  #firstLoudAt: number | null = null;
  #beganAt: number | null = null;
  #lastLoudAt: number | null = null;
  #cut: { item: string; beganAt: number } | null = null;
  #received = new Map<string, { pcm: Int16Array[]; at: number }>();

  /** A frame of the microphone whose last sample came at `endMs`. */
  captured(frame: Captured, endMs: number): void {
    this.#caller.push({ pcm: frame.pcm, endMs });
    while (this.#caller[0]!.endMs < endMs - KEPT_MS) this.#caller.shift();
    if (frame.loudUntil === 0) return;
    const at = (samples: number) => endMs - FRAME_MS + (samples / FRAME) * FRAME_MS;
    const first = at(frame.loudFrom);
    this.#firstLoudAt ??= first;
    if (this.#lastLoudAt === null || first - this.#lastLoudAt > PAUSE_MS) this.#beganAt = first;
    this.#lastLoudAt = at(frame.loudUntil);
  }

  received(item: string, pcm: Int16Array): void {
    this.playing = item;
    this.emptyAt = null;
    const kept = this.#received.get(item) ?? { pcm: [], at: 0 };
    kept.pcm.push(pcm);
    this.#received.set(item, kept);
  }

  /** The samples `from` to `to` of an item, which nobody asks for again. */
  take(item: string, from: number, to: number): Int16Array {
    const kept = this.#received.get(item);
    const taken = new Int16Array(to - from);
    while (kept !== undefined && kept.pcm.length > 0 && kept.at < to) {
      const first = kept.pcm[0]!;
      const skip = Math.max(0, from - kept.at);
      const end = Math.min(first.length, to - kept.at);
      if (end > skip) taken.set(first.subarray(skip, end), kept.at + skip - from);
      if (end < first.length) break;
      kept.pcm.shift();
      kept.at += first.length;
    }
    return taken;
  }

  /** What the caller has said that an answer heard at `atMs` answers; null when that is nothing. */
  said(atMs: number): Said | null {
    const from = (this.#firstLoudAt ?? Infinity) - ROOM_MS;
    const frames = this.#caller.filter(({ endMs }) => endMs >= from && endMs <= atMs);
    const known = this.spoken && frames.length > 0;
    this.spoken = false;
    this.#caller = [];
    this.#firstLoudAt = null;
    return known ? new Said(frames, atMs) : null;
  }

  /** The caller has cut in on `item`, which is to fall silent. */
  cut(item: string): void {
    this.#cut = this.#beganAt === null ? null : { item, beganAt: this.#beganAt };
  }

  /**
   * The last sound was heard at `atMs`; null: it goes on. Returns which item was cut by that, and how long it
   * sounded after the caller had begun.
   */
  quiet(atMs: number | null): { item_id: string; ms: number } | null {
    this.emptyAt = atMs;
    const cut = this.#cut;
    if (atMs === null || cut === null) return null;
    this.#cut = null;
    const ms = Math.max(0, atMs - cut.beganAt);
    return ms < LATEST_MS ? { item_id: cut.item, ms: Math.round(ms) } : null;
  }

  replyDone(): void {
    this.playing = null;
  }
}

/** What was said, and when the answer to it was heard. */
export class Said {
  constructor(private readonly frames: readonly Frame[], private readonly answeredAtMs: number) {}

  get audio(): Float32Array<ArrayBuffer> {
    const audio = new Float32Array(this.frames.length * FRAME);
    this.frames.forEach(({ pcm }, place) => {
      for (let at = 0; at < FRAME; at++) audio[place * FRAME + at] = pcm[at]! / 32_768;
    });
    return audio;
  }

  /** From the sample `end` of it to the answer; null when that is too long ago to be one. */
  since(end: number): number | null {
    const place = Math.max(0, Math.ceil(end / FRAME) - 1);
    const endedAt = this.frames[place]!.endMs - FRAME_MS + ((end - place * FRAME) / FRAME) * FRAME_MS;
    const ms = this.answeredAtMs - endedAt;
    return ms >= 0 && ms < LATEST_MS ? Math.round(ms) : null;
  }
}
