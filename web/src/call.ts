// One conversation of this page: microphone, line and loudspeaker, and the list of what happened.
import { Ending } from "./audio/ending";
import { type Captured, FRAME, WIRE_HZ } from "./audio/messages";
import { Loudspeaker, type PlayoutEvents, type Sound } from "./audio/loudspeaker";
import { type Microphone, MicrophoneError, openMicrophone } from "./audio/microphone";
import { Tape } from "./audio/wav";
import { type All, type Name, type Told, told } from "./events";
import { START, type View, fold } from "./fold/view";
import { type Problem, problemOf } from "./problems";
import { type Settings, shownKey } from "./settings";
import { Store } from "./store";
import { Heard, type Said } from "./heard";
import { type ServerEvent, type Transport, TransportError, type TransportEvents } from "./transport/transport";

export type Phase = "idle" | "asking" | "connecting" | "live" | "reconnecting";

export interface CallState {
  phase: Phase;
  problem: Problem | null;
  /** The microphone's name; null when the conversation is typed. */
  microphone: string | null;
  muted: boolean;
  /** The key or button of push to talk is held. */
  held: boolean;
  view: View;
}

const SILENCE = new Int16Array(FRAME);
const RETRY_MS = [300, 600, 1_000, 2_000, 3_000, 5_000];
const GIVE_UP_MS = 120_000;
/** How often a server that is loading is asked again. */
const LOADING_MS = 1_000;
/** How often progress is told to the server and to the page. */
const PROGRESS_MS = 90;
/** So long after its first sound an answer is surely heard. */
const HEARD_MS = 20;

export class Call {
  readonly store = new Store<CallState>({ phase: "idle", problem: null, microphone: null, muted: false, held: false, view: START });
  /** Everything that happened, for export; grows only. */
  readonly events: Told[] = [];
  readonly tape = new Tape();
  /** The microphone's level, at each frame; for the meter. */
  onLevel: (level: number) => void = () => undefined;

  #microphone: Microphone | null = null;
  #loudspeaker: Loudspeaker | null = null;
  #transport: Transport | null = null;
  #heard = new Heard();
  readonly #ending = new Ending();
  #startedAt = 0;
  /** Where the present session's clock begins on this call's. */
  #sessionAtMs = 0;
  #toldAt = 0;
  #over = new AbortController();

  constructor(
    private readonly settings: () => Settings,
    private readonly dial: (events: TransportEvents, playout: PlayoutEvents, key: string, microphone: MediaStream | null) => Transport,
  ) {}

  get live(): boolean {
    return this.store.value.phase !== "idle";
  }

  /** Call. Without `voice` the conversation is typed, and answered with sound all the same. */
  async start(voice: boolean): Promise<boolean> {
    if (this.live) return true;
    const { signal } = (this.#over = new AbortController());
    this.store.set({ phase: voice ? "asking" : "connecting", problem: null });
    try {
      this.#loudspeaker ??= await this.#openLoudspeaker();
      if (voice) await this.#openMicrophone();
      this.store.set({ phase: "connecting" });
      this.#startedAt ||= performance.now();
      await this.#connectOnceLoaded();
      return this.live;
    } catch (error) {
      if (signal.aborted) return false;
      this.#end();
      this.store.set({ problem: problemOf(error) });
      return false;
    }
  }

  stop(): void {
    if (this.live) this.#note("session_closed", {});
    this.#end();
    this.store.set({ problem: null });
  }

  /** Say it in writing; calls first if nobody does yet. */
  async type(text: string): Promise<void> {
    if (!this.live && !(await this.start(false))) return;
    // An answer may have begun that this page has not heard of yet.
    this.#transport?.send({ type: "response.cancel" });
    const playing = this.#heard.playing;
    if (playing !== null) this.#silence(playing);
    this.#transport?.send({
      type: "conversation.item.create",
      item: { type: "message", role: "user", content: [{ type: "input_text", text }] },
    });
    this.#transport?.send({ type: "response.create" });
  }

  /** A conversation that was typed so far gets a microphone. */
  async speakToo(): Promise<void> {
    try {
      await this.#openMicrophone();
      this.store.set({ problem: null });
    } catch (error) {
      this.store.set({ problem: problemOf(error) });
    }
  }

  setMuted(muted: boolean): void {
    this.store.set({ muted });
  }

  setHeld(held: boolean): void {
    if (held !== this.store.value.held) this.store.set({ held });
  }

  /** Use the devices that are chosen now. */
  async devicesChanged(): Promise<void> {
    await this.#sound?.setSink(this.settings().sinkId).catch(() => undefined);
    if (this.#microphone === null) return;
    try {
      await this.#openMicrophone();
      this.store.set({ problem: null });
    } catch (error) {
      this.store.set({ problem: problemOf(error) });
    }
  }

  // The parts.

  /** What sounds: the line's own sound where it has one. */
  get #sound(): Sound | null {
    return this.#transport?.sound ?? this.#loudspeaker;
  }

  #playout(): PlayoutEvents {
    return {
      audible: (item, atMs) => this.#audible(item, atMs),
      progress: (item, playedMs) => this.#progress(item, playedMs),
      played: (item, from, to, atMs) => {
        const pcm = this.#heard.take(item, from, to);
        this.tape.add(1, atMs - this.#startedAt - (1000 * pcm.length) / WIRE_HZ, pcm);
      },
      empty: (item, playedMs, atMs) => {
        this.#quiet(atMs);
        setTimeout(() => this.#progress(item, playedMs, true), atMs - performance.now());
      },
      recorded: (pcm, atMs) => this.tape.add(1, atMs - this.#startedAt - (1000 * pcm.length) / WIRE_HZ, pcm),
      quiet: (sinceMs) => this.#quiet(sinceMs),
    };
  }

  async #openLoudspeaker(): Promise<Loudspeaker> {
    const loudspeaker = await Loudspeaker.open(this.#playout());
    const { sinkId } = this.settings();
    if (sinkId) await loudspeaker.setSink(sinkId).catch(() => undefined);
    return loudspeaker;
  }

  async #openMicrophone(): Promise<void> {
    this.#microphone?.close();
    this.#microphone = null;
    const { deviceId, echoCancellation, noiseSuppression, autoGainControl } = this.settings();
    this.#microphone = await openMicrophone(
      { deviceId, echoCancellation, noiseSuppression, autoGainControl },
      (frame, endMs) => this.#captured(frame, endMs),
      () => void this.#microphoneLost(),
    );
    this.#transport?.setMicrophone(this.#microphone.stream);
    this.store.set({ microphone: this.#microphone.label || "microphone" });
  }

  /** Another microphone takes over if there is one. */
  async #microphoneLost(): Promise<void> {
    try {
      await this.#openMicrophone();
    } catch {
      this.#microphone = null;
      this.store.set({ microphone: null, problem: problemOf(new MicrophoneError("lost")) });
    }
  }

  async #connect(resume = ""): Promise<void> {
    const transport = this.dial({
      event: (event) => this.#take(event),
      sound: (item, pcm) => this.#play(item, pcm),
      closed: (reason) => void this.#lost(reason),
    }, this.#playout(), shownKey(), this.#microphone?.stream ?? null);
    await transport.open(resume);
    if (this.#over.signal.aborted) {
      transport.close();
      return;
    }
    this.#transport = transport;
    transport.send({
      type: "session.update",
      session: { type: "realtime", audio: { input: { transcription: { model: "whisper-1" } } } },
    });
    this.store.set({ phase: "live", problem: null });
  }

  /** Models take some seconds after the server's start; whoever came early need not ask again. */
  async #connectOnceLoaded(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      try {
        return await this.#connect();
      } catch (error) {
        if (!(error instanceof TransportError) || error.code !== "loading" || signal.aborted) throw error;
        this.store.set({ problem: problemOf(error) });
        await new Promise((resolve) => setTimeout(resolve, LOADING_MS));
      }
    }
  }

  /** The line broke: call again, patiently, until somebody answers. */
  async #lost(reason: string): Promise<void> {
    this.#transport?.close();
    this.#transport = null;
    this.#note("session_closed", { why: reason ? `The line was closed: ${reason}.` : "The line broke." });
    this.#heard = new Heard();
    this.store.set({ phase: "reconnecting" });
    const { signal } = this.#over;
    const began = performance.now();
    for (let attempt = 0; !signal.aborted; attempt++) {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)]));
      if (signal.aborted) return;
      try {
        await this.#connect(this.store.value.view.sessionId);
        return;
      } catch (error) {
        this.store.set({ problem: problemOf(error) });
        if (performance.now() - began > GIVE_UP_MS) this.#end();
      }
    }
  }

  #end(): void {
    this.#over.abort();
    this.#transport?.close();
    this.#microphone?.close();
    this.#loudspeaker?.close();
    this.#ending.close();
    this.#transport = this.#microphone = this.#loudspeaker = null;
    this.#heard = new Heard();
    this.onLevel(0);
    this.store.set({ phase: "idle", microphone: null, held: false });
  }

  // What happens.

  #captured(frame: Captured, endMs: number): void {
    const { muted, held, phase } = this.store.value;
    const open = held || !(muted || this.settings().pushToTalk);
    this.onLevel(open ? frame.level : 0);
    if (open) this.#heard.captured(frame, endMs);
    this.#transport?.setHeard(open);
    const pcm = open ? frame.pcm : SILENCE;
    if (phase === "live") this.#transport?.sendAudio(pcm);
    this.tape.add(0, endMs - this.#startedAt - 20, pcm);
  }

  #take(event: ServerEvent): void {
    if (event.type === "session.created") {
      this.#sessionAtMs = this.#now();
      this.#note("session_opened", { id: event.session?.id ?? "", voice: event.session?.audio?.output?.voice ?? "" });
    } else if (event.type.startsWith("antiphon.")) {
      const { type, told_ms: toldMs, event_id: _, ...data } = event;
      this.#append({ at_ms: this.#sessionAtMs + (toldMs ?? 0), name: type.slice(9), data } as unknown as Told);
    } else if (event.type === "input_audio_buffer.speech_started") {
      this.#heard.spoken = true;
      if (this.#heard.playing !== null) this.#interrupted(this.#heard.playing);
    } else if (event.type === "response.output_item.added") {
      const item = event.item as { id: string; type: string };
      if (item.type === "message") this.#heard.playing = item.id;
    } else if (event.type === "response.done") {
      this.#heard.replyDone();
    } else if (event.type === "error" && event.error?.code !== "response_cancel_not_active") {
      this.#note("session_failed", { code: event.error?.code ?? "", message: event.error?.message ?? "" });
    }
  }

  #play(item: string, pcm: Int16Array<ArrayBuffer>): void {
    this.#heard.received(item, pcm);
    const samples = new Float32Array(pcm.length);
    for (let at = 0; at < pcm.length; at++) samples[at] = pcm[at]! / 32_768;
    this.#sound?.push(item, samples);
  }

  #audible(item: string, atMs: number): void {
    // As soon as there is something to acknowledge, and not only when the next report is due.
    setTimeout(() => this.#progress(item, this.#sound?.playedMs(item) ?? 0, true), atMs - performance.now() + HEARD_MS);
    const said = this.#heard.said(atMs);
    if (said !== null) void this.#measure(item, said);
  }

  /** How long the caller has waited for `item`, by this page's own watch. */
  async #measure(item: string, said: Said): Promise<void> {
    const end = await this.#ending.of(said.audio);
    const ms = end === null ? null : said.since(end);
    if (ms !== null) this.#note("page_heard", { item_id: item, ms });
  }

  #progress(item: string, playedMs: number, now = false): void {
    const at = performance.now();
    if (!now && at - this.#toldAt < PROGRESS_MS) return;
    this.#toldAt = at;
    this.#transport?.acknowledge(item, playedMs);
    this.#note("played", { item_id: item, played_ms: Math.round(playedMs) });
  }

  /** The caller has won the floor: fall silent, and say how much was heard. */
  #interrupted(item: string): void {
    if ((this.#sound?.playedMs(item) ?? 0) > 0) this.#heard.cut(item);
    if (this.#heard.emptyAt !== null) this.#quiet(this.#heard.emptyAt);
    this.#silence(item);
  }

  /** Nothing sounds since `atMs`; null: something does. */
  #quiet(atMs: number | null): void {
    const cut = this.#heard.quiet(atMs);
    if (cut !== null) this.#note("page_silenced", cut);
  }

  #silence(item: string): void {
    const playedMs = Math.floor(this.#sound?.playedMs(item) ?? 0);
    this.#sound?.flush(item);
    this.#heard.replyDone();
    this.#transport?.send({ type: "conversation.item.truncate", item_id: item, content_index: 0, audio_end_ms: playedMs });
  }

  #now(): number {
    return this.#startedAt ? Math.round((performance.now() - this.#startedAt) * 10) / 10 : 0;
  }

  #note<N extends Name>(name: N, data: All[N]): void {
    this.#append(told(this.#now(), name, data));
  }

  #append(event: Told): void {
    this.events.push(event);
    this.store.set({ view: fold(this.store.value.view, event) });
  }
}
