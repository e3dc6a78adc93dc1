// Recordings: the list to choose from, and the bar to move about in one.
import { useEffect, useState } from "preact/hooks";
import { clock, readTrace } from "../fold/replay";
import { type Listed, type Replay, recordings, replayOf } from "../replaying";
import { shownKey } from "../settings";
import { useStore } from "../store";
import { Dialog } from "./dialog";
import { Icon } from "./icons";

export function ReplayBar({ replay, close }: { replay: Replay; close: () => void }) {
  const { atMs, playing, speed } = useStore(replay.store);
  return (
    <div class="replay" role="group" aria-label="Replay">
      <button type="button" class="plain" onClick={close}><Icon name="back" /><span class="word">Back</span></button>
      <button type="button" class="round" onClick={() => (playing ? replay.pause() : replay.play())} title={playing ? "Pause" : "Play"}>
        <Icon name={playing ? "pause" : "play"} /><span class="unseen">{playing ? "Pause" : "Play"}</span>
      </button>
      <input type="range" min={0} max={Math.ceil(replay.lengthMs)} step={20} value={atMs} aria-label="Position"
        aria-valuetext={`${clock(atMs)} of ${clock(replay.lengthMs)}`}
        onInput={(event) => { replay.pause(); replay.seek(Number(event.currentTarget.value)); }} />
      <span class="clock">{clock(atMs)} / {clock(replay.lengthMs)}</span>
      <select aria-label="Speed" value={speed} onChange={(event) => replay.store.set({ speed: Number(event.currentTarget.value) })}>
        {[0.5, 1, 2, 4].map((one) => <option key={one} value={one}>{one}×</option>)}
      </select>
    </div>
  );
}

export function Recordings({ open, opened, close }: { open: (id: string) => void; opened: (replay: Replay) => void; close: () => void }) {
  const [listed, setListed] = useState<Listed[] | null>(null);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    recordings(shownKey()).then(setListed, (error: Error) => setProblem(error.message));
  }, []);
  const file = async (event: Event & { currentTarget: HTMLInputElement }) => {
    try {
      const text = await event.currentTarget.files?.[0]?.text();
      if (text !== undefined) opened(replayOf(readTrace(text)));
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <Dialog title="Recordings" close={close}>
      {problem && <p class="problem" role="alert">{problem}</p>}
      {listed?.length === 0 && <p>Nothing is recorded yet. Conversations are kept in this server's journal.</p>}
      <ul class="recordings">
        {listed?.map((one) => (
          <li key={one.id}>
            <button type="button" onClick={() => open(one.id)}>
              <strong>{one.first_words || "(nothing said)"}</strong>
              <small>{[one.opened_at && new Date(one.opened_at).toLocaleString(), one.turns === 1 ? "1 turn" : `${one.turns} turns`, clock(one.duration_ms)].filter(Boolean).join(" · ")}</small>
            </button>
          </li>
        ))}
      </ul>
      <label class="file">Open a trace file <input type="file" accept="application/json,.json" onChange={(event) => void file(event)} /></label>
    </Dialog>
  );
}
