// A recording on the same screens: a position in time, and the fold of everything before it.
import type { Cast, Told, Trace } from "./events";
import { withPlayed } from "./fold/replay";
import { START, type View, fold } from "./fold/view";
import { Store } from "./store";
import { keyHeaders } from "./transport/transport";

export interface ReplayState {
  view: View;
  atMs: number;
  playing: boolean;
  speed: number;
}

export class Replay {
  readonly events: readonly Told[];
  readonly lengthMs: number;
  readonly store: Store<ReplayState>;
  #folded = 0;
  #frame = 0;

  constructor(readonly id: string, readonly cast: Cast | null, events: readonly Told[]) {
    this.events = withPlayed(events);
    this.lengthMs = this.events[this.events.length - 1]?.at_ms ?? 0;
    this.store = new Store<ReplayState>({ view: START, atMs: 0, playing: false, speed: 1 });
    this.seek(this.lengthMs);
  }

  /** Show the conversation as it was at `atMs`. Back means from the beginning. */
  seek(atMs: number): void {
    let { view } = this.store.value;
    if (atMs < this.store.value.atMs) {
      view = START;
      this.#folded = 0;
    }
    for (; this.#folded < this.events.length && this.events[this.#folded]!.at_ms <= atMs; this.#folded++)
      view = fold(view, this.events[this.#folded]!);
    this.store.set({ view, atMs });
  }

  play(): void {
    if (this.store.value.atMs >= this.lengthMs) this.seek(0);
    this.store.set({ playing: true });
    let before = performance.now();
    const step = (now: number) => {
      const { playing, atMs, speed } = this.store.value;
      if (!playing) return;
      const next = Math.min(this.lengthMs, atMs + (now - before) * speed);
      before = now;
      this.seek(next);
      if (next >= this.lengthMs) this.pause();
      else this.#frame = requestAnimationFrame(step);
    };
    this.#frame = requestAnimationFrame(step);
  }

  pause(): void {
    cancelAnimationFrame(this.#frame);
    this.store.set({ playing: false });
  }
}

export interface Listed {
  id: string;
  opened_at: string | null;
  turns: number;
  duration_ms: number;
  first_words: string;
}

/** What the server has recorded, newest first. */
export async function recordings(key: string): Promise<Listed[]> {
  const { data } = await asked<{ data: Listed[] }>("/v1/recordings", key);
  return data;
}

export async function recording(id: string, key: string, cast: Cast | null): Promise<Replay> {
  const { events } = await asked<{ events: Told[] }>(`/v1/recordings/${encodeURIComponent(id)}`, key);
  return new Replay(id, cast, events);
}

export function replayOf(trace: Trace): Replay {
  return new Replay(trace.id, trace.cast, trace.events);
}

/** How often a server that is loading is asked again. */
const LOADING_MS = 2_000;

/** The cast the server plays, as soon as it has loaded; null when it plays none. */
export async function castOf(key: string, over: AbortSignal): Promise<Cast | null> {
  while (!over.aborted) {
    const loading = await fetch("/readyz").then((ready) => ready.status === 503, () => false);
    const cast = await asked<Cast>("/v1/cast", key).catch(() => null);
    if (cast !== null || !loading) return cast;
    await new Promise((resolve) => setTimeout(resolve, LOADING_MS));
  }
  return null;
}

async function asked<T>(path: string, key: string): Promise<T> {
  const answer = await fetch(path, { headers: keyHeaders(key) });
  const body: unknown = await answer.json();
  if (answer.ok) return body as T;
  const message = (body as { error?: { message?: string } }).error?.message;
  throw new Error(message ?? `The server answered with ${answer.status}.`);
}
