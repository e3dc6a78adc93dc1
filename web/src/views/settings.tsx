// Devices, how the microphone is treated, and how the page looks.
import { useEffect, useState } from "preact/hooks";
import { type Settings, userOf } from "../settings";
import { Dialog } from "./dialog";

interface Props {
  settings: Settings;
  change: (changes: Partial<Settings>) => void;
  close: () => void;
}

export function SettingsDialog({ settings, change, close }: Props) {
  const devices = useDevices();
  const of = (kind: MediaDeviceKind) => devices.filter((device) => device.kind === kind && device.deviceId !== "");
  const named = devices.some((device) => device.label !== "");
  return (
    <Dialog title="Settings" close={close}>
      <Choice name="Microphone" value={settings.deviceId} change={(deviceId) => change({ deviceId })} devices={of("audioinput")} />
      {of("audiooutput").length > 0 && <Choice name="Loudspeaker" value={settings.sinkId} change={(sinkId) => change({ sinkId })} devices={of("audiooutput")} />}
      {!named && <p class="hint">The browser names the devices once you have allowed the microphone.</p>}
      <label class="field"><span>Remember me as<small>from the next conversation on</small></span>
        <input type="text" value={settings.user} maxLength={64} placeholder="nobody" autocomplete="off"
          onChange={(event) => change({ user: (event.currentTarget.value = userOf(event.currentTarget.value)) })} />
      </label>
      <Switch name="Push to talk" hint="you are heard only while you hold the space bar" on={settings.pushToTalk} change={(pushToTalk) => change({ pushToTalk })} />
      <Switch name="Take out the echo" hint="so that it does not hear itself; leave it on without headphones" on={settings.echoCancellation} change={(echoCancellation) => change({ echoCancellation })} />
      <Switch name="Suppress noise" on={settings.noiseSuppression} change={(noiseSuppression) => change({ noiseSuppression })} />
      <Switch name="Level the loudness" on={settings.autoGainControl} change={(autoGainControl) => change({ autoGainControl })} />
      <Switch name="Read the captions to a screen reader" hint="off, if it talks over the agent" on={settings.announce} change={(announce) => change({ announce })} />
      <label class="field"><span>Line<small>of the next spoken conversation</small></span>
        <select value={settings.line} onChange={(event) => change({ line: event.currentTarget.value as Settings["line"] })}>
          <option value="websocket">WebSocket</option><option value="webrtc">WebRTC, for bad networks</option>
        </select>
      </label>
      <label class="field"><span>Colours</span>
        <select value={settings.theme} onChange={(event) => change({ theme: event.currentTarget.value as Settings["theme"] })}>
          <option value="system">as the system</option><option value="light">light</option><option value="dark">dark</option>
        </select>
      </label>
    </Dialog>
  );
}

function useDevices(): MediaDeviceInfo[] {
  const [devices, setDevices] = useState<MediaDeviceInfo[]>([]);
  useEffect(() => {
    const media = navigator.mediaDevices as MediaDevices | undefined;
    const look = () => void media?.enumerateDevices().then(setDevices, () => undefined);
    look();
    media?.addEventListener("devicechange", look);
    return () => media?.removeEventListener("devicechange", look);
  }, []);
  return devices;
}

function Choice({ name, value, change, devices }: { name: string; value: string; change: (id: string) => void; devices: MediaDeviceInfo[] }) {
  return (
    <label class="field"><span>{name}</span>
      <select value={value} onChange={(event) => change(event.currentTarget.value)}>
        <option value="">the system's own choice</option>
        {devices.filter((device) => device.deviceId !== "default").map((device, at) => (
          <option key={device.deviceId} value={device.deviceId}>{device.label || `${name} ${at + 1}`}</option>
        ))}
      </select>
    </label>
  );
}

function Switch({ name, hint = "", on, change }: { name: string; hint?: string; on: boolean; change: (on: boolean) => void }) {
  return (
    <label class="field switch">
      <span>{name}{hint && <small>{hint}</small>}</span>
      <input type="checkbox" role="switch" checked={on} onChange={(event) => change(event.currentTarget.checked)} />
    </label>
  );
}

export function HelpDialog({ close }: { close: () => void }) {
  const keys: [string, string][] = [
    ["T", "talk, or end the conversation"],
    ["M", "mute and unmute"],
    ["Space, held", "talk while muted, or with push to talk"],
    ["/", "type"],
    ["?", "this help"],
    ["Esc", "close"],
  ];
  return (
    <Dialog title="How it works" close={close}>
      <p>Press <b>Talk</b> and speak as you would on the telephone. It answers when you have finished, and stops when you cut in. Words of its answer are grey until you have heard them; those you cut off are struck out, and it knows that you did not hear them.</p>
      <p>Beside it you see what is behind an answer: where its <b>time</b> went, the <b>scenes</b> of the conversation, what it <b>remembers</b>, what its model read (the <b>prompt</b>), and every <b>event</b>.</p>
      <p>Your voice goes to this server and nowhere else.</p>
      <table class="keys"><tbody>{keys.map(([key, does]) => <tr key={key}><th scope="row"><kbd>{key}</kbd></th><td>{does}</td></tr>)}</tbody></table>
    </Dialog>
  );
}
