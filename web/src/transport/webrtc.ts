// A call over WebRTC: sound as packets, events on a data channel.
import type { PlayoutEvents, Sound } from "../audio/loudspeaker";
import { RemoteSound } from "../audio/remote";
import { type ServerEvent, type Transport, TransportError, type TransportEvents, keyHeaders, obstacle, wishes } from "./transport";

const CHANNEL = "oai-events";
const CONNECT_MS = 10_000;
/** A browser says that nothing comes any more some seconds after that is so; then so long again. */
const PATIENCE_MS = 2_000;

export class WebRtcTransport implements Transport {
  readonly kind = "webrtc";
  sound: Sound | null = null;
  #peer: RTCPeerConnection | null = null;
  #channel: RTCDataChannel | null = null;
  #track: MediaStreamTrack | null = null;
  #remote: RemoteSound | null = null;
  #waiting = 0;

  constructor(
    private readonly events: TransportEvents, private readonly playout: PlayoutEvents,
    private readonly key: string, private readonly user: string, private readonly microphone: MediaStream,
  ) {}

  async open(resume: string): Promise<void> {
    const refused = await obstacle(this.key);
    if (refused !== null) throw refused;
    const peer = (this.#peer = new RTCPeerConnection());
    // A copy, so that muting the call leaves the level meter alone.
    this.#track = this.microphone.getAudioTracks()[0]!.clone();
    peer.addTrack(this.#track, this.microphone);
    const channel = (this.#channel = peer.createDataChannel(CHANNEL));
    const sounding = new Promise<void>((resolve) => {
      peer.ontrack = ({ receiver, track }) => {
        this.sound = this.#remote = new RemoteSound(receiver, new MediaStream([track]), this.playout);
        resolve();
      };
    });
    try {
      await peer.setLocalDescription();
      await peer.setRemoteDescription({ type: "answer", sdp: await this.#answer(peer.localDescription!.sdp, resume) });
      await Promise.race([Promise.all([sounding, this.#created(channel)]), late()]);
    } catch (error) {
      this.close();
      throw error;
    }
    const gone = () => this.events.closed("");
    channel.onclose = gone;
    peer.onconnectionstatechange = () => {
      clearTimeout(this.#waiting);
      if (peer.connectionState === "failed") gone();
      // Packets that are lost for a moment come again; those of a network that was left do not.
      if (peer.connectionState === "disconnected") this.#waiting = window.setTimeout(gone, PATIENCE_MS);
    };
    await this.#remote?.start();
  }

  send(event: { type: string; [field: string]: unknown }): void {
    if (this.#channel?.readyState === "open") this.#channel.send(JSON.stringify(event));
  }

  /** The track carries it. */
  sendAudio(): void {}

  setHeard(heard: boolean): void {
    if (this.#track !== null) this.#track.enabled = heard;
  }

  setMicrophone(stream: MediaStream): void {
    const track = stream.getAudioTracks()[0]!.clone();
    this.#track?.stop();
    this.#track = track;
    void this.#peer?.getSenders()[0]?.replaceTrack(track);
  }

  acknowledge(item: string, playedMs: number): void {
    this.send({ type: "antiphon.playout", item_id: item, played_ms: Math.round(playedMs) });
  }

  close(): void {
    clearTimeout(this.#waiting);
    if (this.#channel !== null) this.#channel.onclose = this.#channel.onmessage = null;
    if (this.#peer !== null) this.#peer.onconnectionstatechange = null;
    this.#track?.stop();
    this.#remote?.close();
    this.#peer?.close();
  }

  async #answer(offer: string, resume: string): Promise<string> {
    const response = await fetch(`/v1/realtime/calls${wishes(this.user, resume)}`, {
      method: "POST",
      headers: { "Content-Type": "application/sdp", ...keyHeaders(this.key) },
      body: offer,
    });
    // The server cannot go on with it: a new conversation may begin.
    if (resume !== "" && [404, 409].includes(response.status)) return this.#answer(offer, "");
    if (!response.ok) throw new TransportError("busy", "The server took no more calls. Try again in a moment.");
    return response.text();
  }

  #created(channel: RTCDataChannel): Promise<void> {
    return new Promise((resolve) => {
      channel.onmessage = ({ data }: MessageEvent<string>) => {
        const event = JSON.parse(data) as ServerEvent;
        if (event.type === "session.created") resolve();
        if (event.type === "antiphon.playing") this.#remote?.begins(event);
        else this.events.event(event);
      };
    });
  }
}

function late(): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new TransportError("unreachable", "The call was not connected. Choose the WebSocket in the settings.")), CONNECT_MS);
  });
}
