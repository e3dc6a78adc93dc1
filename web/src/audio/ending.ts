// Asks the worker where a voice ends, one recording at a time.

export class Ending {
  #worker: Worker | null = null;
  #waiting: ((end: number | null) => void)[] = [];

  /** The end of the last voiced sample of `audio`; null when nobody is heard. */
  of(audio: Float32Array<ArrayBuffer>): Promise<number | null> {
    const worker = (this.#worker ??= this.#start());
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      worker.postMessage(audio, [audio.buffer]);
    });
  }

  close(): void {
    this.#worker?.terminate();
    this.#worker = null;
    this.#waiting.splice(0).forEach((resolve) => resolve(null));
  }

  #start(): Worker {
    const worker = new Worker("/app/voice.js", { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<number | null>) => this.#waiting.shift()?.(data);
    return worker;
  }
}
