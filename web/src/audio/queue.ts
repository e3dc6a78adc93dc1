// Sound waiting to be played: knows at any time which sample of which item is next.

interface Chunk {
  item: string;
  samples: Float32Array;
}

/** The server's own bound for a sample that can be heard (runtime/voiced.py). */
export const AUDIBLE = 0.005;

export class PlayoutQueue {
  #chunks: Chunk[] = [];
  #offset = 0;
  /** Of the item that plays or played last. */
  item = "";
  position = 0;
  #audible = false;

  get empty(): boolean {
    return this.#chunks.length === 0;
  }

  push(item: string, samples: Float32Array): void {
    if (samples.length > 0) this.#chunks.push({ item, samples });
  }

  flush(): void {
    this.#chunks = [];
    this.#offset = 0;
  }

  /**
   * Fill `output`, with silence where there is nothing; tells of the first audible sample of each item, by its
   * place in `output`. Returns how many samples were sound.
   */
  fill(output: Float32Array, audible: (item: string, place: number) => void): number {
    let filled = 0;
    while (filled < output.length && this.#chunks.length > 0) {
      const chunk = this.#chunks[0]!;
      if (chunk.item !== this.item) this.#begin(chunk.item);
      const count = Math.min(output.length - filled, chunk.samples.length - this.#offset);
      for (let at = 0; at < count; at++) {
        const sample = chunk.samples[this.#offset + at]!;
        output[filled + at] = sample;
        if (!this.#audible && Math.abs(sample) >= AUDIBLE) {
          this.#audible = true;
          audible(chunk.item, filled + at);
        }
      }
      filled += count;
      this.#offset += count;
      this.position += count;
      if (this.#offset === chunk.samples.length) {
        this.#chunks.shift();
        this.#offset = 0;
      }
    }
    output.fill(0, filled);
    return filled;
  }

  #begin(item: string): void {
    this.item = item;
    this.position = 0;
    this.#audible = false;
  }
}
