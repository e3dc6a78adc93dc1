// The Realtime protocol over a WebSocket.
import { fromBase64, toBase64 } from "./base64";
import { type ServerEvent, type Transport, TransportError, type TransportEvents, obstacle, wishes } from "./transport";

/** Three seconds of the caller's sound. */
const STUCK_BYTES = 3 * 65_000;

export class WebSocketTransport implements Transport {
  readonly kind = "websocket";
  readonly sound = null;
  #socket: WebSocket | null = null;

  constructor(private readonly events: TransportEvents, private readonly key: string, private readonly user: string) {}

  async open(resume: string): Promise<void> {
    const refused = await obstacle(this.key);
    if (refused !== null) throw refused;
    // A browser does not say why it was not let in: whatever speaks against going on, a new conversation may begin.
    await this.#dial(resume).catch((error: unknown) => {
      if (resume === "") throw error;
      return this.#dial("");
    });
  }

  async #dial(resume: string): Promise<void> {
    const url = new URL(`/v1/realtime${wishes(this.user, resume)}`, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const protocols = ["realtime", ...(this.key ? [`openai-insecure-api-key.${this.key}`] : [])];
    const socket = (this.#socket = new WebSocket(url, protocols));
    await new Promise<void>((resolve, reject) => {
      socket.onclose = () => reject(new TransportError("busy", "The server took no more calls. Try again in a moment."));
      socket.onmessage = ({ data }: MessageEvent<string>) => {
        const event = JSON.parse(data) as ServerEvent;
        if (event.type === "session.created") {
          socket.onclose = ({ reason }) => this.#gone(reason);
          resolve();
        }
        this.#take(event);
      };
    });
  }

  send(event: { type: string; [field: string]: unknown }): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(event));
  }

  sendAudio(frame: Int16Array): void {
    this.send({ type: "input_audio_buffer.append", audio: toBase64(frame) });
    // A network that is gone says nothing, but nothing leaves for it any more.
    if ((this.#socket?.bufferedAmount ?? 0) > STUCK_BYTES) this.#gone("The network does not answer.");
  }

  setHeard(): void {}

  setMicrophone(): void {}

  acknowledge(item: string, playedMs: number): void {
    this.send({ type: "antiphon.playout", item_id: item, played_ms: Math.round(playedMs) });
  }

  close(): void {
    const socket = this.#socket;
    if (socket === null) return;
    this.#socket = socket.onclose = socket.onmessage = null;
    socket.close();
  }

  /** Once: a socket that is stuck may say so itself, minutes later. */
  #gone(reason: string): void {
    this.close();
    this.events.closed(reason);
  }

  #take(event: ServerEvent): void {
    if (event.type === "response.output_audio.delta")
      this.events.sound(event.item_id ?? "", fromBase64(event.delta ?? ""));
    else this.events.event(event);
  }
}
