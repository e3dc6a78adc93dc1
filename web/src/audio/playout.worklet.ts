// The loudspeaker's end: plays what is pushed and says to the sample what was played.
import type { FromPlayout, ToPlayout } from "./messages";
import { PlayoutQueue } from "./queue";

/** How often progress is told, in seconds. */
const EVERY = 0.02;

class Playout extends AudioWorkletProcessor {
  #queue = new PlayoutQueue();
  #playing = false;
  #told = 0;

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<ToPlayout>) => {
      if (data.kind === "push") this.#queue.push(data.item, data.samples);
      else this.#queue.flush();
    };
  }

  process(_: Float32Array[][], outputs: Float32Array[][]): boolean {
    const [first, ...others] = outputs[0] ?? [];
    if (first === undefined) return true;
    const played = this.#queue.fill(first, (item, place) =>
      this.#tell({ kind: "audible", item, time: currentTime + place / sampleRate }));
    for (const other of others) other.set(first);
    const { item, position } = this.#queue;
    const time = currentTime + played / sampleRate;
    if (played > 0) this.#playing = true;
    if (this.#playing && played < first.length) {
      this.#playing = false;
      this.#tell({ kind: "empty", item, position, time });
    } else if (this.#playing && time - this.#told >= EVERY) {
      this.#told = time;
      this.#tell({ kind: "progress", item, position, time });
    }
    return true;
  }

  #tell(message: FromPlayout): void {
    this.port.postMessage(message);
  }
}

registerProcessor("playout", Playout);
