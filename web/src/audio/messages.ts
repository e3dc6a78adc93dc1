// What the page and its two audio worklets say to each other.

export const WIRE_HZ = 24_000;
/** 20 ms. */
export const FRAME = 480;

/** From the capture worklet: one frame of what it listens to. */
export interface Captured {
  pcm: Int16Array<ArrayBuffer>;
  /** When its last sample came, on the audio context's clock, in seconds. */
  time: number;
  /** Root mean square, of full scale 1. */
  level: number;
  /** Samples of the frame up to and including its last loud one; 0 when none is. */
  loudUntil: number;
  /** Samples before its first loud one; FRAME when none is. */
  loudFrom: number;
}

/** To the playout worklet. */
export type ToPlayout =
  | { kind: "push"; item: string; samples: Float32Array<ArrayBuffer> }
  | { kind: "flush" };

/** From the playout worklet. Times are the audio context's, positions are samples of the item. */
export type FromPlayout =
  /** The item's first audible sample is played at `time`. */
  | { kind: "audible"; item: string; time: number }
  /** Everything before `position` has been handed to the device by `time`. */
  | { kind: "progress"; item: string; position: number; time: number }
  /** Nothing is left to play since `time`. */
  | { kind: "empty"; item: string; position: number; time: number };
