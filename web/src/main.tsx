import { render } from "preact";
import { Call } from "./call";
import { loadSettings } from "./settings";
import { Store } from "./store";
import { WebRtcTransport } from "./transport/webrtc";
import { WebSocketTransport } from "./transport/websocket";
import { App } from "./views/app";

const settingsStore = new Store(loadSettings());
const call = new Call(() => settingsStore.value, (events, playout, key, microphone) =>
  settingsStore.value.line === "webrtc" && microphone !== null
    ? new WebRtcTransport(events, playout, key, settingsStore.value.user, microphone)
    : new WebSocketTransport(events, key, settingsStore.value.user));
// Before the first paint, so that nobody sees the other theme flash by.
document.documentElement.dataset.theme = settingsStore.value.theme;
render(<App call={call} settingsStore={settingsStore} />, document.getElementById("app")!);
// For the console, and for tests: everything the page knows is in this one list.
Object.assign(window, { __call: call });
