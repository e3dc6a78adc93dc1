// Taking a conversation along: as words, as sound, as everything that happened.
import type { Cast, Told, Trace } from "../events";
import { wordStates } from "../fold/captions";
import { transcript } from "../fold/replay";
import type { View } from "../fold/view";
import { personOf } from "../people";
import type { Tape } from "../audio/wav";
import { Dialog } from "./dialog";

interface Props {
  view: View;
  cast: Cast | null;
  events: readonly Told[];
  /** None in a replay: recordings hold no sound. */
  tape: Tape | null;
  close: () => void;
}

export function ExportDialog({ view, cast, events, tape, close }: Props) {
  const id = view.sessionId || "conversation";
  const text = () => new Blob([transcript(view.lines, (persona) => personOf(cast, persona, "").name, wordStates)], { type: "text/plain" });
  const trace = (): Trace => ({ format: "antiphon-trace", version: 1, id, cast, events: [...events] });
  return (
    <Dialog title="Save this conversation" close={close}>
      <ul class="exports">
        <li><button type="button" onClick={() => save(`${id}.txt`, text())}><strong>Transcript</strong><small>what was said and what was heard of it, as text</small></button></li>
        {tape !== null && tape.seconds > 0 && (
          <li><button type="button" onClick={() => save(`${id}.wav`, new Blob([tape.wav()], { type: "audio/wav" }))}><strong>Audio</strong><small>both sides, {Math.round(tape.seconds)} s: you left, the answers right (WAV)</small></button></li>
        )}
        <li><button type="button" onClick={() => save(`${id}.json`, new Blob([JSON.stringify(trace())], { type: "application/json" }))}><strong>Trace</strong><small>everything that happened, to be replayed here (JSON)</small></button></li>
      </ul>
    </Dialog>
  );
}

function save(name: string, content: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
