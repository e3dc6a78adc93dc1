// What was said, by whom, and how much of it was heard.
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { CallState } from "../call";
import type { Cast } from "../events";
import { type AgentLine, type CallerLine, type Line, wordStates } from "../fold/captions";
import { clock } from "../fold/replay";
import type { View } from "../fold/view";
import { personOf } from "../people";
import type { Settings } from "../settings";
import { Face } from "./face";

export function Conversation({ view, cast, announce }: { view: View; cast: Cast | null; announce: boolean }) {
  const end = useRef<HTMLDivElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const pinned = useRef(true);
  const top = useRef(0);
  const follow = () => {
    if (pinned.current) end.current?.scrollIntoView({ block: "end" });
  };
  useLayoutEffect(follow, [view.lines]);
  useEffect(() => {
    const watch = new ResizeObserver(follow);
    watch.observe(box.current!);
    return () => watch.disconnect();
  }, []);
  // Only who goes up wants to stay there: the end also moves away when many words come at once.
  const scrolled = () => {
    const { scrollTop, scrollHeight, clientHeight } = box.current!;
    if (scrollHeight - scrollTop - clientHeight < 80) pinned.current = true;
    else if (scrollTop < top.current) pinned.current = false;
    top.current = scrollTop;
  };
  return (
    <div class="captions" ref={box} onScroll={scrolled} role="region" aria-label="Conversation" tabIndex={0}>
      <ol>{view.lines.map((line) => <LineView key={line.id} line={line} cast={cast} />)}</ol>
      <div class="end" ref={end} />
      {announce && <Announcer lines={view.lines} />}
    </div>
  );
}

/** While nobody has said anything: what to do now. */
export function FirstWords({ state, settings, cast }: { state: CallState; settings: Settings; cast: Cast | null }) {
  const { title, way } = firstWords(state, settings, cast);
  return (
    <div class="empty first" role="status">
      <h2>{title}</h2>
      <p>{way}</p>
    </div>
  );
}

function firstWords({ phase, microphone, muted }: CallState, settings: Settings, cast: Cast | null): { title: string; way: string } {
  const host = cast?.scenes.find((scene) => scene.id === cast.start)?.persona ?? "";
  const who = cast === null ? "" : personOf(cast, host, "").name;
  const example = cast === null ? "For example: “How many legs does a spider have?”" : "Say hello, and what you would like.";
  if (phase === "asking") return { title: "May it hear you?", way: "Your browser asks whether this page may use the microphone. Choose “Allow”." };
  if (phase !== "live") return { title: "Calling …", way: "It will be there in a moment." };
  if (microphone === null) return { title: "Write something", way: "It is answered aloud." };
  if (settings.pushToTalk) return { title: "Hold the space bar, and speak", way: "Or hold the button below. Let go when you have finished." };
  if (muted) return { title: "You are muted", way: "Press M or the microphone below, and speak." };
  return { title: who ? `${who} is on the line` : "Say something", way: example };
}

/** For screen readers: what is final, once. Words on their way would flood them. */
function Announcer({ lines }: { lines: readonly Line[] }) {
  const final = lines.filter((line) => line.kind === "note" || (line.kind === "caller" ? line.settled : line.ended));
  return (
    <div class="unseen" role="log" aria-live="polite" aria-label="Latest words">
      {final.slice(-3).map((line) => <p key={line.id}>{spokenForm(line)}</p>)}
    </div>
  );
}

function spokenForm(line: Line): string {
  if (line.kind === "note") return line.text;
  if (line.kind === "caller") return `You: ${line.problem ?? line.text}`;
  const states = wordStates(line);
  const heard = line.words.filter((_, at) => states[at] === "heard").map((word) => word.text.trim()).join(" ");
  return line.interrupted ? `Answer, cut off: ${heard}` : `Answer: ${heard}`;
}

function LineView({ line, cast }: { line: Line; cast: Cast | null }) {
  if (line.kind === "note") return <li class="note">{line.text}</li>;
  return line.kind === "caller" ? <Caller line={line} /> : <Agent line={line} cast={cast} />;
}

function Caller({ line }: { line: CallerLine }) {
  return (
    <li class={`line caller ${line.settled ? "settled" : "partial"}`}>
      <div class="who"><span>You{line.typed ? ", in writing" : ""}</span><time>{clock(line.atMs)}</time></div>
      <p class="bubble">
        {line.problem !== null ? <em>Not understood: {line.problem}</em> : line.text || <Dots />}
      </p>
    </li>
  );
}

function Agent({ line, cast }: { line: AgentLine; cast: Cast | null }) {
  const person = personOf(cast, line.persona, line.voice);
  const states = wordStates(line);
  const cut = states.filter((state) => state === "cut").length;
  return (
    <li class={`line agent ${person.hue}`} style={person.style}>
      <Face person={person} />
      <div>
        <div class="who">
          <strong>{person.name}</strong>
          <time>{clock(line.atMs)}</time>
          {line.pageMs !== null && (
            <span class="took" title="From your last sound to the first sound of the answer, on this page's own watch">
              {(line.pageMs / 1000).toFixed(2)} s
            </span>
          )}
        </div>
        <p class="bubble">
          {line.words.map((word, at) => {
            const state = states[at]!;
            const text = `${word.text.trim()} `;
            return state === "cut" ? <s key={at} class="cut">{text}</s> : <span key={at} class={state}>{text}</span>;
          })}
        </p>
        {line.interrupted && (
          <p class="aside">
            You cut in{line.heardMs > 0 ? ` after ${(line.heardMs / 1000).toFixed(1)} s` : ""}
            {cut > 0 ? `; ${cut} ${cut === 1 ? "word was" : "words were"} not heard` : ""}
          </p>
        )}
      </div>
    </li>
  );
}

export function Dots() {
  return <span class="dots" role="img" aria-label="listening"><i /><i /><i /></span>;
}
