// Finds the voice in what the caller said, beside the page and not in it: nothing that sounds may wait for it.
import { WIRE_HZ } from "./messages";
import { voicedSpan } from "./voice";

addEventListener("message", ({ data }: MessageEvent<Float32Array>) => {
  postMessage(voicedSpan(data, WIRE_HZ)?.[1] ?? null);
});
