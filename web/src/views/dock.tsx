// Everything one talks with: the big button, the level, mute, push to talk, and the text box.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Call, CallState } from "../call";
import type { Settings } from "../settings";
import { Icon } from "./icons";

interface Props {
  call: Call;
  state: CallState;
  settings: Settings;
}

/** `fresh`: nothing was said yet, and the big button stands in the middle of the page. */
export function Dock({ call, state, settings, fresh }: Props & { fresh: boolean }) {
  return (
    <footer class="dock">
      {fresh ? null : state.phase === "idle" ? <TalkButton call={call} /> : <Controls call={call} state={state} settings={settings} />}
      <Composer call={call} />
    </footer>
  );
}

export function TalkButton({ call }: { call: Call }) {
  return (
    <button class="talk" type="button" onClick={() => void call.start(true)}>
      <Icon name="mic" /> Talk
    </button>
  );
}

function Controls({ call, state, settings }: Props) {
  const { phase, microphone, muted } = state;
  return (
    <div class="controls">
      {microphone !== null && <Meter call={call} state={state} settings={settings} />}
      {microphone !== null && settings.pushToTalk && <HoldButton call={call} held={state.held} />}
      {microphone !== null && !settings.pushToTalk && (
        <button type="button" class="plain mute" aria-pressed={muted} onClick={() => call.setMuted(!muted)}
          title={muted ? "Unmute (M)" : "Mute (M)"}>
          <Icon name={muted ? "micOff" : "mic"} /> Mute
        </button>
      )}
      {microphone === null && phase === "live" && (
        <button type="button" class="plain" onClick={() => void call.speakToo()}><Icon name="mic" /> Speak too</button>
      )}
      <button type="button" class="plain stop" onClick={() => call.stop()} title="End the conversation (T)" aria-label="End the conversation">
        <Icon name="end" /> End
      </button>
    </div>
  );
}

/** Held with a pointer, or toggled with Enter by those who cannot hold. */
function HoldButton({ call, held }: { call: Call; held: boolean }) {
  return (
    <button
      type="button" class="plain hold" aria-pressed={held}
      onPointerDown={(event) => { event.currentTarget.setPointerCapture(event.pointerId); call.setHeld(true); }}
      onPointerUp={() => call.setHeld(false)}
      onPointerCancel={() => call.setHeld(false)}
      onKeyDown={(event) => {
        if (event.key === "Enter") call.setHeld(!held);
        else if (event.key === " ") call.setHeld(true);
        else return;
        event.preventDefault();
      }}
    >
      {held ? "Listening…" : "Hold to talk"}
    </button>
  );
}

function Meter({ call, state, settings }: Props) {
  const bar = useRef<HTMLElement>(null);
  useEffect(() => {
    let shown = 0;
    call.onLevel = (level) => {
      const decibels = 20 * Math.log10(Math.max(level, 1e-5));
      const share = Math.min(1, Math.max(0, (decibels + 60) / 50));
      shown = share > shown ? share : shown * 0.85 + share * 0.15;
      bar.current?.style.setProperty("--level", shown.toFixed(3));
    };
    return () => { call.onLevel = () => undefined; };
  }, [call]);
  const waits = settings.pushToTalk && !state.held;
  const silent = state.muted && !state.held && !waits;
  const label = waits ? "Hold space to talk" : silent ? "Muted" : (state.microphone ?? "");
  return (
    <div class={`meter ${silent || waits ? "shut" : ""}`} title={state.microphone ?? ""}>
      <span class="bar" ref={bar} aria-hidden="true"><i /></span>
      <span class="label">{label}</span>
    </div>
  );
}

function Composer({ call }: { call: Call }) {
  const [text, setText] = useState("");
  const send = (event: Event) => {
    event.preventDefault();
    if (text.trim() === "") return;
    void call.type(text.trim());
    setText("");
  };
  return (
    <form class="composer" onSubmit={send}>
      <input
        type="text" value={text} maxLength={4000} placeholder="or type here" aria-label="Type instead of speaking"
        autocomplete="off" enterkeyhint="send" onInput={(event) => setText(event.currentTarget.value)}
      />
      <button type="submit" class="round" disabled={text.trim() === ""} title="Send">
        <Icon name="send" /><span class="unseen">Send</span>
      </button>
    </form>
  );
}
