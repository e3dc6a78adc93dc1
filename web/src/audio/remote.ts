// Sound that comes as packets: the browser says which packet it is at, and an ear of our own what comes out.
import type { ServerEvent } from "../transport/transport";
import { msAt } from "./clock";
import type { PlayoutEvents, Sound } from "./loudspeaker";
import { type Captured, FRAME } from "./messages";
import { type Begun, Places } from "./places";

/** RTP's clock for Opus. */
const RTP_PER_MS = 48;
const LOOK_MS = 40;
/** So long after a packet was begun it may be said to be still playing. */
const PACKET_MS = 60;
/** From the decoder to the loudspeaker, before it was measured; and what it can be at most. */
const BEHIND_MS = 30;
const BEHIND_MS_MAX = 400;

export class RemoteSound implements Sound {
  /** Browsers decode for an element only; what is heard is the graph behind it, which we can cut and listen to. */
  readonly #audio = new Audio();
  readonly #context = new AudioContext({ latencyHint: "interactive" });
  readonly #gate = this.#context.createGain();
  #timer = 0;
  readonly #places = new Places();
  #audible = new Set<string>();
  #flushed = new Set<string>();
  #lastLoudAt = 0;
  /** From the decoder to the loudspeaker. */
  #behindMs = BEHIND_MS;

  constructor(
    private readonly receiver: RTCRtpReceiver, private readonly stream: MediaStream, private readonly events: PlayoutEvents,
  ) {}

  async start(): Promise<void> {
    this.#audio.muted = true;
    this.#audio.srcObject = this.stream;
    await this.#audio.play();
    await this.#context.resume();
    this.#timer = window.setInterval(() => this.#look(), LOOK_MS);
    await this.#listen();
  }

  /** The server says which packet an item's sound begins in. */
  begins(event: ServerEvent): void {
    const item = event.item_id ?? "";
    const audibleMs = typeof event.audible_ms === "number" ? event.audible_ms : null;
    this.#places.begins({ item, fromMs: Number(event.from_ms), audibleMs, rtp: Number(event.rtp_timestamp) });
    if (!this.#flushed.has(item)) this.#gate.gain.value = 1;
  }

  push(): void {}

  /** What has left the server is not heard any more, whatever a buffer of the browser's holds of it. */
  flush(item: string): void {
    this.#flushed.add(item);
    this.#gate.gain.value = 0;
  }

  playedMs(item: string): number {
    return this.#places.playedMs(item);
  }

  async setSink(deviceId: string): Promise<void> {
    const sink = this.#context as AudioContext & { setSinkId?: (id: string) => Promise<void> };
    await sink.setSinkId?.(deviceId);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#audio.srcObject = null;
    void this.#context.close();
  }

  /** The place in an item's sound that is decoded at `atMs`, and the item; null when none of it has come yet. */
  #decoding(atMs: number): { begun: Begun; ms: number } | null {
    const [source] = this.receiver.getSynchronizationSources();
    if (source === undefined) return null;
    // Some browsers count from 1970, as the standard once said.
    const at = source.timestamp > 1e12 ? source.timestamp - performance.timeOrigin : source.timestamp;
    return this.#places.at(source.rtpTimestamp + Math.min(PACKET_MS, atMs - at) * RTP_PER_MS);
  }

  #look(): void {
    const place = this.#decoding(performance.now() - this.#behindMs);
    if (place === null) return;
    const { begun: { item }, ms } = place;
    if (!this.#flushed.has(item) && this.#places.advance(item, ms)) this.events.progress(item, ms);
  }

  /** An ear of our own at the loudspeaker: for the recording, and for when sound begins and ends. */
  async #listen(): Promise<void> {
    await this.#context.audioWorklet.addModule("/app/capture.js");
    const ear = new AudioWorkletNode(this.#context, "capture", { channelCount: 1, channelCountMode: "explicit", numberOfOutputs: 0 });
    this.#context.createMediaStreamSource(this.stream).connect(this.#gate);
    this.#gate.connect(this.#context.destination);
    this.#gate.connect(ear);
    ear.port.onmessage = ({ data }: MessageEvent<Captured>) => this.#hear(data, msAt(this.#context, data.time, "heard"));
  }

  #hear(frame: Captured, endMs: number): void {
    this.events.recorded?.(frame.pcm, endMs);
    const item = this.#places.item;
    if (item === undefined) return;
    if (frame.loudUntil === 0) {
      if (this.#lastLoudAt > 0) this.events.quiet?.(this.#lastLoudAt);
      this.#lastLoudAt = 0;
      return;
    }
    if (this.#lastLoudAt === 0) this.events.quiet?.(null);
    const at = (samples: number) => endMs - 20 + (20 * samples) / FRAME;
    this.#lastLoudAt = at(frame.loudUntil);
    if (this.#audible.has(item) || this.#flushed.has(item)) return;
    this.#audible.add(item);
    this.#measure(item, at(frame.loudFrom));
    this.events.audible(item, at(frame.loudFrom));
  }

  /** Its first audible sample was heard at `atMs`: how far is the loudspeaker behind the decoder? */
  #measure(item: string, atMs: number): void {
    const place = this.#decoding(atMs);
    if (place?.begun.item !== item || place.begun.audibleMs === null) return;
    this.#behindMs = Math.min(BEHIND_MS_MAX, Math.max(0, place.ms - place.begun.audibleMs));
    this.#places.correct(item, place.begun.audibleMs + Math.max(0, performance.now() - atMs));
  }
}
