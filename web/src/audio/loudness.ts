// Which samples of the microphone stand out of its room: the page's own, simple idea of a voice.

/** -46 dB of full scale: quieter than this nobody talks to a computer. */
const LEAST = 0.005;
/** 14 dB above the room. */
const ABOVE_ROOM = 5;

export class Loudness {
  #room = 0.002;

  /** The frame's level, and where in it something is loud. */
  judge(frame: Float32Array): { level: number; loudFrom: number; loudUntil: number } {
    let power = 0;
    for (const sample of frame) power += sample * sample;
    const level = Math.sqrt(power / frame.length);
    // The room is learnt at once when it is quieter, slowly when it is louder.
    this.#room = level < this.#room ? level : this.#room + (Math.min(level, 0.05) - this.#room) * 0.005;
    const threshold = Math.max(LEAST, ABOVE_ROOM * this.#room);
    let loudFrom = frame.length;
    let loudUntil = 0;
    for (let at = 0; at < frame.length; at++) {
      if (Math.abs(frame[at]!) < threshold) continue;
      loudFrom = Math.min(loudFrom, at);
      loudUntil = at + 1;
    }
    return { level, loudFrom, loudUntil };
  }
}
