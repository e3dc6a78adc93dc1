// What carries a conversation: events both ways and sound both ways, by whatever line.
import type { Sound } from "../audio/loudspeaker";

/** An event of the Realtime protocol, as far as this page reads them. */
export interface ServerEvent {
  type: string;
  told_ms?: number;
  item_id?: string;
  delta?: string;
  session?: { id: string; audio?: { output?: { voice?: string } } };
  error?: { code: string | null; message: string };
  [field: string]: unknown;
}

export interface TransportEvents {
  event(event: ServerEvent): void;
  /** Sound of an item, 24 kHz. */
  sound(item: string, pcm: Int16Array<ArrayBuffer>): void;
  /** The line is gone, for a reason that a person can read. */
  closed(reason: string): void;
}

export interface Transport {
  readonly kind: "websocket" | "webrtc";
  /**
   * Resolves when the session is there: the one named `resume`, if the server can go on with it, or a new one.
   * Rejects with a TransportError.
   */
  open(resume: string): Promise<void>;
  /** What plays the agent's sound, where the line does that itself. */
  readonly sound: Sound | null;
  /** Whether the caller is heard at all, and by which microphone; for lines that carry it themselves. */
  setHeard(heard: boolean): void;
  setMicrophone(stream: MediaStream): void;
  send(event: { type: string; [field: string]: unknown }): void;
  /** One frame of the microphone. */
  sendAudio(frame: Int16Array): void;
  /** The listener has heard so much of an item. */
  acknowledge(item: string, playedMs: number): void;
  close(): void;
}

export class TransportError extends Error {
  constructor(readonly code: "loading" | "busy" | "key" | "unreachable", message: string) {
    super(message);
  }
}

/** Headers for requests beside the line. */
export function keyHeaders(key: string): Record<string, string> {
  return key === "" ? {} : { Authorization: `Bearer ${key}` };
}

/** What an address asks for: everything there is to show, somebody to be remembered, a session to go on with. */
export function wishes(user: string, session: string): string {
  const wanted = new URLSearchParams({ model: "antiphon", ext: "1" });
  if (user !== "") wanted.set("user", user);
  if (session !== "") wanted.set("resume", session);
  return `?${wanted}`;
}

/** Why a session cannot be opened now; null when nothing speaks against it. */
export async function obstacle(key: string): Promise<TransportError | null> {
  try {
    const ready = await fetch("/readyz");
    if (ready.status === 503) return new TransportError("loading", "The models are still loading.");
    const known = await fetch("/v1/models", { headers: keyHeaders(key) });
    if (known.status === 401) return new TransportError("key", "This server asks for a key.");
    return null;
  } catch {
    return new TransportError("unreachable", "The server does not answer.");
  }
}
