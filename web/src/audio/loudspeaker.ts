// The loudspeaker: what of each item was heard, and when, in the page's own time.
import { msAt } from "./clock";
import { type FromPlayout, type ToPlayout, WIRE_HZ } from "./messages";

export interface PlayoutEvents {
  /** The item's first audible sample is heard at `atMs` (performance time). */
  audible(item: string, atMs: number): void;
  /** Everything before `playedMs` of the item has been heard by now. */
  progress(item: string, playedMs: number): void;
  /** `from` to `to` samples of the item were handed over; the last is heard at `atMs`. */
  played(item: string, from: number, to: number, atMs: number): void;
  /** Nothing is left to play; the last sample is heard at `atMs`. */
  empty(item: string, playedMs: number, atMs: number): void;
  /** Of sound that the browser plays by itself: what it was, up to `atMs`; and since when it is quiet, if it is. */
  recorded?(pcm: Int16Array, atMs: number): void;
  quiet?(sinceMs: number | null): void;
}

/** Whatever plays the agent's sound and knows how much of it was heard. */
export interface Sound {
  push(item: string, samples: Float32Array<ArrayBuffer>): void;
  /** Fall silent at once; what else comes of `item` is not played. */
  flush(item: string): void;
  /** How much of the item was heard by now. */
  playedMs(item: string): number;
  setSink(deviceId: string): Promise<void>;
  close(): void;
}

export class Loudspeaker implements Sound {
  /** So many samples of each item have been handed over; the last of them is heard at `atMs`. */
  readonly #positions = new Map<string, { samples: number; atMs: number }>();
  readonly #muted = new Set<string>();

  private constructor(
    private readonly context: AudioContext, private readonly node: AudioWorkletNode, private readonly events: PlayoutEvents,
  ) {
    node.port.onmessage = ({ data }: MessageEvent<FromPlayout>) => this.#hear(data);
  }

  /** To be called while the browser still knows of a click. */
  static async open(events: PlayoutEvents): Promise<Loudspeaker> {
    const context = new AudioContext({ sampleRate: WIRE_HZ, latencyHint: "interactive" });
    await context.resume();
    await context.audioWorklet.addModule("/app/playout.js");
    const node = new AudioWorkletNode(context, "playout", { numberOfInputs: 0, outputChannelCount: [1] });
    node.connect(context.destination);
    return new Loudspeaker(context, node, events);
  }

  push(item: string, samples: Float32Array<ArrayBuffer>): void {
    if (!this.#muted.has(item)) this.#post({ kind: "push", item, samples }, [samples.buffer]);
  }

  flush(item: string): void {
    this.#muted.add(item);
    this.#post({ kind: "flush" });
  }

  playedMs(item: string): number {
    const { samples, atMs } = this.#positions.get(item) ?? { samples: 0, atMs: 0 };
    return Math.max(0, (samples / WIRE_HZ) * 1000 - Math.max(0, atMs - performance.now()));
  }

  async setSink(deviceId: string): Promise<void> {
    const sink = this.context as AudioContext & { setSinkId?: (id: string) => Promise<void> };
    await sink.setSinkId?.(deviceId);
  }

  close(): void {
    this.node.port.onmessage = null;
    this.node.disconnect();
    void this.context.close();
  }

  #hear(message: FromPlayout): void {
    const { item } = message;
    const atMs = msAt(this.context, message.time, "heard");
    if (message.kind === "audible") {
      this.events.audible(item, atMs);
      return;
    }
    const before = this.#positions.get(item)?.samples ?? 0;
    this.#positions.set(item, { samples: message.position, atMs });
    if (message.position > before) this.events.played(item, before, message.position, atMs);
    if (message.kind === "empty") this.events.empty(item, (message.position / WIRE_HZ) * 1000, atMs);
    else this.events.progress(item, this.playedMs(item));
  }

  #post(message: ToPlayout, transfer: Transferable[] = []): void {
    this.node.port.postMessage(message, transfer);
  }
}
