// Sound that comes as packets: the browser plays it, and says which packet it is at.
import type { ServerEvent } from "../transport/transport";
import type { PlayoutEvents, Sound } from "./loudspeaker";
import { type Captured, FRAME } from "./messages";

/** RTP's clock for Opus. */
const RTP_PER_MS = 48;
const LOOK_MS = 40;
/** So long after a packet was begun it may be said to be still playing. */
const PACKET_MS = 60;

interface Begun {
  item: string;
  fromMs: number;
  rtp: number;
}

export class RemoteSound implements Sound {
  readonly #audio = new Audio();
  #context: AudioContext | null = null;
  #timer = 0;
  #begun: Begun[] = [];
  #played = new Map<string, number>();
  #audible = new Set<string>();
  #lastLoudAt = 0;

  constructor(
    private readonly receiver: RTCRtpReceiver, private readonly stream: MediaStream, private readonly events: PlayoutEvents,
  ) {}

  async start(): Promise<void> {
    this.#audio.srcObject = this.stream;
    await this.#audio.play();
    this.#timer = window.setInterval(() => this.#look(), LOOK_MS);
    await this.#listen();
  }

  /** The server says which packet an item's sound begins in. */
  begins(event: ServerEvent): void {
    this.#begun.push({ item: event.item_id ?? "", fromMs: Number(event.from_ms), rtp: Number(event.rtp_timestamp) });
  }

  push(): void {}

  /** What has not left the server will not; what has is over in a moment. */
  flush(): void {}

  playedMs(item: string): number {
    return this.#played.get(item) ?? 0;
  }

  async setSink(deviceId: string): Promise<void> {
    const audio = this.#audio as HTMLAudioElement & { setSinkId?: (id: string) => Promise<void> };
    await audio.setSinkId?.(deviceId);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#audio.srcObject = null;
    void this.#context?.close();
  }

  #look(): void {
    const [source] = this.receiver.getSynchronizationSources();
    if (source === undefined) return;
    // Some browsers count from 1970, as the standard once said.
    const at = source.timestamp > 1e12 ? source.timestamp - performance.timeOrigin : source.timestamp;
    const since = Math.min(PACKET_MS, Math.max(0, performance.now() - at));
    const now = source.rtpTimestamp + since * RTP_PER_MS;
    for (const { item, fromMs, rtp } of this.#begun.toReversed()) {
      const passed = signed(now - rtp);
      if (passed < 0) continue;
      const playedMs = fromMs + passed / RTP_PER_MS;
      if (playedMs > this.playedMs(item)) {
        this.#played.set(item, playedMs);
        this.events.progress(item, playedMs);
      }
      return;
    }
  }

  /** An ear of our own at the loudspeaker: for the recording, and for when sound begins and ends. */
  async #listen(): Promise<void> {
    const context = (this.#context = new AudioContext());
    await context.audioWorklet.addModule("/app/capture.js");
    const node = new AudioWorkletNode(context, "capture", { channelCount: 1, channelCountMode: "explicit", numberOfOutputs: 0 });
    context.createMediaStreamSource(this.stream).connect(node);
    node.port.onmessage = ({ data }: MessageEvent<Captured>) => this.#hear(data, performance.now());
  }

  #hear(frame: Captured, endMs: number): void {
    this.events.recorded?.(frame.pcm, endMs);
    const item = this.#begun[this.#begun.length - 1]?.item;
    if (item === undefined) return;
    if (frame.loudUntil === 0) {
      if (this.#lastLoudAt > 0) this.events.quiet?.(this.#lastLoudAt);
      this.#lastLoudAt = 0;
      return;
    }
    if (this.#lastLoudAt === 0) this.events.quiet?.(null);
    const at = (samples: number) => endMs - 20 + (20 * samples) / FRAME;
    this.#lastLoudAt = at(frame.loudUntil);
    if (this.#audible.has(item)) return;
    this.#audible.add(item);
    this.events.audible(item, at(frame.loudFrom));
  }
}

/** RTP's clock goes round at 32 bits. */
function signed(difference: number): number {
  const around = 2 ** 32;
  return ((((difference + around / 2) % around) + around) % around) - around / 2;
}
