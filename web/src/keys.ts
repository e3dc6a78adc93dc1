// The keyboard: nothing needs a pointer, and no key works while somebody types.
import { useLayoutEffect } from "preact/hooks";
import type { Call } from "./call";
import type { Settings } from "./settings";

export function useKeys(call: Call, settings: Settings, help: () => void): void {
  // With the drawing, not after it: whoever sees the page may press a key.
  useLayoutEffect(() => {
    const down = (event: KeyboardEvent) => {
      if (busy(event)) return;
      const act = action(event.key, call, settings, help);
      if (act === null) return;
      event.preventDefault();
      if (!event.repeat) act();
    };
    const up = (event: KeyboardEvent) => {
      if (event.key === " ") call.setHeld(false);
    };
    const away = () => call.setHeld(false);
    addEventListener("keydown", down);
    addEventListener("keyup", up);
    addEventListener("blur", away);
    return () => {
      removeEventListener("keydown", down);
      removeEventListener("keyup", up);
      removeEventListener("blur", away);
    };
  }, [call, settings, help]);
}

function action(key: string, call: Call, settings: Settings, help: () => void): (() => void) | null {
  const { phase, muted } = call.store.value;
  switch (key) {
    case " ": return phase !== "idle" && (settings.pushToTalk || muted) ? () => call.setHeld(true) : null;
    case "t": return () => (phase === "idle" ? void call.start(true) : call.stop());
    case "m": return phase === "idle" ? null : () => call.setMuted(!muted);
    case "/": return () => document.querySelector<HTMLInputElement>(".composer input")?.focus();
    case "?": return help;
    default: return null;
  }
}

/** Whether the key belongs to something else: a field, a button, a dialog, the browser. */
function busy(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return true;
  const at = event.target;
  if (!(at instanceof HTMLElement)) return false;
  if (at.closest("input, select, textarea, dialog") !== null) return true;
  return event.key === " " && at.closest("button, summary") !== null;
}
