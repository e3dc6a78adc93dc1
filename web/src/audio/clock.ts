// An audio context counts time on the sound's own clock; the page counts on performance's.

/**
 * When the sample at `time` of the context's clock came in, or is heard: however late the message that tells of it is,
 * because both clocks are read at the same moment.
 */
export function msAt(context: AudioContext, time: number, side: "came" | "heard"): number {
  // From the graph to the air, in seconds, as far as the browser knows.
  const behind = side === "heard" ? context.outputLatency || context.baseLatency || 0 : 0;
  return performance.now() + (time - context.currentTime + behind) * 1000;
}
