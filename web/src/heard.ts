// What this page itself knows of who sounded when: its own watch, beside the server's.
import { type Captured, FRAME } from "./audio/messages";

const FRAME_MS = 20;
/** After so long a pause a loud sample is a new beginning. */
const PAUSE_MS = 500;
/** An answer later than this answers something else. */
const LATEST_MS = 20_000;

export class Heard {
  /** The item that sounds or is about to; null between replies. */
  playing: string | null = null;
  /** When the loudspeaker last ran out of sound; null while it plays. */
  emptyAt: number | null = null;
  /** The caller has spoken since the last answer. */
  spoken = false;
  #beganAt: number | null = null;
  #lastLoudAt: number | null = null;
  #received = new Map<string, { pcm: Int16Array[]; at: number }>();

  /** A frame of the microphone whose last sample came at `endMs`. */
  captured(frame: Captured, endMs: number): void {
    if (frame.loudUntil === 0) return;
    const at = (samples: number) => endMs - FRAME_MS + (samples / FRAME) * FRAME_MS;
    const first = at(frame.loudFrom);
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

  /** From the caller's last loud sample to `atMs`; null when nothing was said that this answers. */
  answered(atMs: number): number | null {
    const ms = this.#lastLoudAt === null ? Infinity : atMs - this.#lastLoudAt;
    const known = this.spoken && ms >= 0 && ms < LATEST_MS;
    this.spoken = false;
    return known ? Math.round(ms) : null;
  }

  /** How long sound went on after the caller began to speak over it, if it is being cut now. */
  silenced(nowMs: number): number | null {
    if (this.#beganAt === null) return null;
    const ms = Math.max(0, (this.emptyAt ?? nowMs) - this.#beganAt);
    return ms < LATEST_MS ? Math.round(ms) : null;
  }

  replyDone(): void {
    this.playing = null;
  }
}
