// Both sides of a conversation as one WAV file: the caller left, the agent right.
import { WIRE_HZ } from "./messages";

/** So long a conversation is kept as sound: 173 MB. */
const MOST_MS = 30 * 60_000;

interface Piece {
  at: number;
  pcm: Int16Array;
}

/** Sound with its place in time, in samples from the beginning. */
export class Tape {
  #sides: [Piece[], Piece[]] = [[], []];
  #ends: [number, number] = [0, 0];

  /**
   * `pcm` was heard or said at `ms`. A stream of pieces that follow each other closely is joined without gaps:
   * its clock is the sound's, not the page's.
   */
  add(side: 0 | 1, ms: number, pcm: Int16Array): void {
    if (ms > MOST_MS || pcm.length === 0) return;
    const due = Math.max(0, Math.round((ms * WIRE_HZ) / 1000));
    const end = this.#ends[side];
    const at = Math.abs(due - end) < WIRE_HZ / 10 ? end : Math.max(due, end);
    this.#sides[side].push({ at, pcm });
    this.#ends[side] = at + pcm.length;
  }

  get seconds(): number {
    return Math.max(...this.#ends) / WIRE_HZ;
  }

  wav(): ArrayBuffer {
    const frames = Math.max(...this.#ends);
    const buffer = new ArrayBuffer(44 + frames * 4);
    header(new DataView(buffer), frames);
    const samples = new Int16Array(buffer, 44);
    this.#sides.forEach((pieces, side) => {
      for (const { at, pcm } of pieces)
        for (let place = 0; place < pcm.length; place++) samples[2 * (at + place) + side] = pcm[place]!;
    });
    return buffer;
  }
}

function header(view: DataView, frames: number): void {
  const text = (at: number, word: string) =>
    [...word].forEach((letter, place) => view.setUint8(at + place, letter.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, 36 + frames * 4, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 2, true);
  view.setUint32(24, WIRE_HZ, true);
  view.setUint32(28, WIRE_HZ * 4, true);
  view.setUint16(32, 4, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, frames * 4, true);
}
