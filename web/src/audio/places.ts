// Which place of which item sounds, told from the packets: pure.

/** RTP's clock for Opus. */
const RTP_PER_MS = 48;

export interface Begun {
  item: string;
  fromMs: number;
  /** Where its first audible sample lies; null when the server did not know yet. */
  audibleMs: number | null;
  rtp: number;
}

export class Places {
  #begun: Begun[] = [];
  #played = new Map<string, number>();

  /** The item that began last. */
  get item(): string | undefined {
    return this.#begun[this.#begun.length - 1]?.item;
  }

  /** From this packet on an item sounds, or goes on after a hole: what was reckoned beyond that was the hole. */
  begins(begun: Begun): void {
    this.#begun.push(begun);
    if (this.playedMs(begun.item) > begun.fromMs) this.#played.set(begun.item, begun.fromMs);
  }

  /** The place at `rtp`, on RTP's clock; null when nothing has begun by then. */
  at(rtp: number): { begun: Begun; ms: number } | null {
    for (const begun of this.#begun.toReversed()) {
      const passed = signed(rtp - begun.rtp);
      if (passed >= 0) return { begun, ms: begun.fromMs + passed / RTP_PER_MS };
    }
    return null;
  }

  playedMs(item: string): number {
    return this.#played.get(item) ?? 0;
  }

  /** So much of it is played; false when that is nothing new. */
  advance(item: string, ms: number): boolean {
    const further = ms > this.playedMs(item);
    if (further) this.#played.set(item, ms);
    return further;
  }

  /** So much of it is played, whatever was reckoned. */
  correct(item: string, ms: number): void {
    this.#played.set(item, ms);
  }
}

/** RTP's clock goes round at 32 bits. */
function signed(difference: number): number {
  const around = 2 ** 32;
  return ((((difference + around / 2) % around) + around) % around) - around / 2;
}
