// The page: a conversation on the left, what is behind it on the right; live or replayed.
import { useEffect, useState } from "preact/hooks";
import type { Call, CallState } from "../call";
import type { Cast, Told } from "../events";
import type { View } from "../fold/view";
import { useKeys } from "../keys";
import { personOf } from "../people";
import { type Replay, castOf, recording } from "../replaying";
import { type Settings, keepKey, keepSettings, shownKey } from "../settings";
import { type Store, useStore } from "../store";
import { Conversation, FirstWords } from "./conversation";
import { Dock, TalkButton } from "./dock";
import { ExportDialog } from "./export";
import { Face } from "./face";
import { Header } from "./header";
import { Icon } from "./icons";
import { Log } from "./log";
import { Memory } from "./memory";
import { Prompt } from "./prompt";
import { ReplayBar, Recordings } from "./replay";
import { SceneView } from "./scene";
import { HelpDialog, SettingsDialog } from "./settings";
import { Time } from "./time";

type Door = "settings" | "help" | "recordings" | "export" | null;

export function App({ call, settingsStore }: { call: Call; settingsStore: Store<Settings> }) {
  const state = useStore(call.store);
  const settings = useStore(settingsStore);
  const [cast, setCast] = useState<Cast | null>(null);
  const [replay, setReplay] = useState<Replay | null>(null);
  const [door, openDoor] = useState<Door>(null);
  const [trouble, setTrouble] = useState("");
  const live = state.phase === "live";
  useEffect(() => {
    const over = new AbortController();
    void castOf(shownKey(), over.signal).then((one) => { if (!over.signal.aborted) setCast(one); });
    return () => over.abort();
  }, [live]);
  useEffect(() => { document.documentElement.dataset.theme = settings.theme; }, [settings.theme]);
  useKeys(call, settings, () => openDoor("help"));

  const change = (changes: Partial<Settings>) => {
    settingsStore.set(changes);
    keepSettings(settingsStore.value);
    if ("deviceId" in changes || "sinkId" in changes || "echoCancellation" in changes || "noiseSuppression" in changes || "autoGainControl" in changes)
      void call.devicesChanged();
  };
  const show = (one: Replay | null) => {
    replay?.pause();
    setReplay(one);
    openDoor(null);
  };
  const openRecording = (id: string) => {
    recording(id, shownKey(), cast).then(show, (error: Error) => { openDoor(null); setTrouble(error.message); });
  };
  useEffect(() => {
    const wanted = /^#\/replay\/(.+)$/.exec(location.hash)?.[1];
    if (wanted !== undefined) openRecording(decodeURIComponent(wanted));
  }, []);

  return (
    <Screen
      call={call} state={state} settings={settings} cast={replay === null ? cast : replay.cast} replay={replay}
      trouble={trouble} openDoor={openDoor} leave={() => show(null)}
    >
      {(view: View, events: readonly Told[]) => (
        <>
          {door === "settings" && <SettingsDialog settings={settings} change={change} close={() => openDoor(null)} />}
          {door === "help" && <HelpDialog close={() => openDoor(null)} />}
          {door === "recordings" && <Recordings open={openRecording} opened={show} close={() => openDoor(null)} />}
          {door === "export" && <ExportDialog view={view} cast={replay?.cast ?? cast} events={events} tape={replay === null ? call.tape : null} close={() => openDoor(null)} />}
        </>
      )}
    </Screen>
  );
}

interface ScreenProps {
  call: Call;
  state: CallState;
  settings: Settings;
  cast: Cast | null;
  replay: Replay | null;
  trouble: string;
  openDoor: (door: Door) => void;
  leave: () => void;
  children: (view: View, events: readonly Told[]) => preact.ComponentChildren;
}

function Screen({ call, state, settings, cast, replay, trouble, openDoor, leave, children }: ScreenProps) {
  const replayed = useReplay(replay);
  const view = replayed ?? state.view;
  const events = replay?.events ?? call.events;
  const fresh = view.lines.length === 0 && state.phase === "idle" && replay === null;
  return (
    <div class={`page ${fresh ? "fresh" : ""}`}>
      <Header phase={state.phase} view={view} cast={cast} replaying={replay !== null} fresh={fresh} doors={[
        { name: "Save this conversation", icon: "save", open: () => openDoor("export"), shown: events.length > 0 },
        { name: "Recordings", icon: "clock", open: () => openDoor("recordings"), shown: replay === null },
        { name: "Settings", icon: "gear", open: () => openDoor("settings"), shown: true },
        { name: "Help", icon: "help", open: () => openDoor("help"), shown: true },
      ]} />
      <main>
        <section class="talking" aria-label="Talk">
          {trouble && <p class="problem" role="alert">{trouble}</p>}
          {replay === null && state.problem !== null && <ProblemView call={call} state={state} />}
          {fresh ? <Welcome call={call} cast={cast} />
            : view.lines.length === 0 && replay === null ? <FirstWords state={state} settings={settings} cast={cast} />
            : <Conversation view={view} cast={cast} announce={settings.announce} />}
          {replay === null ? <Dock call={call} state={state} settings={settings} fresh={fresh} /> : <ReplayBar replay={replay} close={leave} />}
        </section>
        {!fresh && <Panels view={view} cast={cast} events={events} />}
      </main>
      {children(view, events)}
    </div>
  );
}

function useReplay(replay: Replay | null): View | null {
  const [view, setView] = useState<View | null>(null);
  useEffect(() => {
    setView(replay?.store.value.view ?? null);
    return replay?.store.watch(() => setView(replay.store.value.view));
  }, [replay]);
  return replay === null ? null : (view ?? replay.store.value.view);
}

function Welcome({ call, cast }: { call: Call; cast: Cast | null }) {
  return (
    <div class="welcome">
      <h2>{cast === null ? "Talk with a machine" : cast.title || cast.name}</h2>
      {cast?.about && <p class="about">{sentences(cast.about, 2)}</p>}
      {cast !== null && (
        <ul class="people" aria-label="Who you may meet">
          {cast.personas.slice(0, 6).map((one) => {
            const person = personOf(cast, one.id, "");
            return <li key={one.id} class={person.hue} style={person.style}><Face person={person} /><span><strong>{person.name}</strong>{one.role && <small>{one.role}</small>}</span></li>;
          })}
        </ul>
      )}
      <p>Press <b>Talk</b> and speak. {cast === null ? "It" : "A machine"} answers aloud when you have finished, and stops when you cut in.</p>
      <TalkButton call={call} />
      {cast === null && <p class="hint">Ask what you like. For a start: “How many legs does a spider have?”</p>}
      <p class="hint">The browser will ask whether this page may use the microphone. What you say goes to this server and nowhere else.</p>
    </div>
  );
}

/** The first `most` of them: what a cast says about itself goes on for its model's sake. */
function sentences(text: string, most: number): string {
  return text.split(/(?<=[.!?])\s+(?=\p{Lu})/u).slice(0, most).join(" ");
}

function ProblemView({ call, state }: { call: Call; state: CallState }) {
  const problem = state.problem!;
  const [key, setKey] = useState("");
  return (
    <div class="problem" role="alert" data-code={problem.code}>
      <strong>{problem.title}</strong>
      <p>{problem.way}{state.phase === "reconnecting" && " The page calls again until it answers, and the conversation goes on where it was."}</p>
      {problem.code === "key" && (
        <form class="composer" onSubmit={(event) => { event.preventDefault(); keepKey(key); void call.start(true); }}>
          <input type="password" value={key} aria-label="The server's key" onInput={(event) => setKey(event.currentTarget.value)} />
          <button type="submit" class="plain">Enter</button>
        </form>
      )}
      {problem.again && state.phase === "idle" && problem.code !== "key" && <button type="button" class="plain" onClick={() => void call.start(true)}>Try again</button>}
    </div>
  );
}

const TABS = ["Time", "Scenes", "Memory", "Prompt", "Events"] as const;

/** On a telephone they are folded away until somebody wants them. */
function Panels({ view, cast, events }: { view: View; cast: Cast | null; events: readonly Told[] }) {
  const [tab, setTab] = useState<(typeof TABS)[number]>("Time");
  const [open, setOpen] = useState(() => matchMedia("(min-width: 861px)").matches);
  const show = (one: (typeof TABS)[number]) => {
    setTab(one);
    setOpen(true);
  };
  const move = (event: KeyboardEvent) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0) return;
    const next = TABS[(TABS.indexOf(tab) + step + TABS.length) % TABS.length]!;
    show(next);
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <section class={`panels ${open ? "open" : ""}`} aria-label="Behind the conversation">
      <div class="tabs">
        <div role="tablist" aria-label="Behind the conversation" onKeyDown={move}>
          {TABS.map((one) => (
            <button key={one} id={`tab-${one}`} type="button" role="tab" aria-selected={open && one === tab} aria-controls="panel"
              tabIndex={one === tab ? 0 : -1} onClick={() => show(one)}>{one}</button>
          ))}
        </div>
        <button type="button" class="round fold" aria-expanded={open} aria-controls="panel" title={open ? "Fold away" : "Unfold"} onClick={() => setOpen(!open)}>
          <Icon name={open ? "down" : "up"} /><span class="unseen">What is behind the conversation</span>
        </button>
      </div>
      <div class="panel" id="panel" role="tabpanel" aria-labelledby={`tab-${tab}`} tabIndex={0}>
        {tab === "Time" && <Time view={view} />}
        {tab === "Scenes" && <SceneView view={view} cast={cast} />}
        {tab === "Memory" && <Memory memory={view.memory} />}
        {tab === "Prompt" && <Prompt prompt={view.prompt} />}
        {tab === "Events" && <Log events={events} untilMs={view.atMs} />}
      </div>
    </section>
  );
}
