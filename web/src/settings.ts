// What the person chose, kept in this browser.

export interface Settings {
  deviceId: string;
  sinkId: string;
  echoCancellation: boolean;
  noiseSuppression: boolean;
  autoGainControl: boolean;
  pushToTalk: boolean;
  line: "websocket" | "webrtc";
  theme: "system" | "light" | "dark";
  /** As whom the server remembers this person; empty: not at all. */
  user: string;
  /** Announce the agent's words to a screen reader; off where it would talk over the agent. */
  announce: boolean;
}

export const DEFAULTS: Settings = {
  deviceId: "", sinkId: "", echoCancellation: true, noiseSuppression: true, autoGainControl: true,
  pushToTalk: false, line: "websocket", theme: "system", user: "", announce: true,
};

/** What the server takes as a name. */
export function userOf(text: string): string {
  return text.trim().replace(/\s+/g, "_").replace(/[^A-Za-z0-9._-]/g, "").replace(/^[^A-Za-z0-9]+/, "").slice(0, 64);
}

const PLACE = "antiphon.settings";
const KEY_PLACE = "antiphon.key";

export function loadSettings(): Settings {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(PLACE) ?? "{}");
    return { ...DEFAULTS, ...(typeof kept === "object" ? kept : {}) };
  } catch {
    return DEFAULTS;
  }
}

export function keepSettings(settings: Settings): void {
  try {
    localStorage.setItem(PLACE, JSON.stringify(settings));
  } catch {
    // A browser that keeps nothing is no reason not to talk.
  }
}

/** The server's key, for as long as this tab is open. */
export function shownKey(): string {
  try {
    return sessionStorage.getItem(KEY_PLACE) ?? "";
  } catch {
    return "";
  }
}

export function keepKey(key: string): void {
  try {
    sessionStorage.setItem(KEY_PLACE, key);
  } catch {
    // Asked for again at the next load.
  }
}
