// The microphone: asked for with reasons, watched while it is used, let go of afterwards.
import { msAt } from "./clock";
import type { Captured } from "./messages";

export type MicrophoneProblem = "insecure" | "denied" | "none" | "busy" | "lost" | "unsupported";

export class MicrophoneError extends Error {
  constructor(readonly problem: MicrophoneProblem, detail = "") {
    super(detail || problem);
  }
}

export interface MicrophoneOptions {
  deviceId: string;
  echoCancellation: boolean;
  noiseSuppression: boolean;
  autoGainControl: boolean;
}

export interface Microphone {
  stream: MediaStream;
  label: string;
  close(): void;
}

/** Opens it and passes on its frames, each with the page's time of its last sample. Throws a MicrophoneError that says why not. */
export async function openMicrophone(
  options: MicrophoneOptions, heard: (frame: Captured, endMs: number) => void, lost: () => void,
): Promise<Microphone> {
  const stream = await ask(options);
  const context = new AudioContext();
  await context.resume();
  await context.audioWorklet.addModule("/app/capture.js");
  const source = context.createMediaStreamSource(stream);
  const node = new AudioWorkletNode(context, "capture", { channelCount: 1, channelCountMode: "explicit", numberOfOutputs: 0 });
  node.port.onmessage = ({ data }: MessageEvent<Captured>) => heard(data, msAt(context, data.time, "came"));
  source.connect(node);
  const [track] = stream.getAudioTracks();
  let open = true;
  track?.addEventListener("ended", () => {
    if (open) lost();
  });
  return {
    stream,
    label: track?.label ?? "",
    close() {
      open = false;
      stream.getTracks().forEach((one) => one.stop());
      node.port.onmessage = null;
      source.disconnect();
      void context.close();
    },
  };
}

async function ask(options: MicrophoneOptions): Promise<MediaStream> {
  if (!window.isSecureContext) throw new MicrophoneError("insecure");
  if (navigator.mediaDevices?.getUserMedia === undefined) throw new MicrophoneError("unsupported");
  const { deviceId, ...processing } = options;
  const wanted = (exact: boolean): MediaStreamConstraints => ({
    audio: { ...processing, channelCount: 1, ...(deviceId && exact ? { deviceId: { exact: deviceId } } : {}) },
  });
  try {
    return await navigator.mediaDevices.getUserMedia(wanted(true));
  } catch (error) {
    const name = error instanceof DOMException ? error.name : "";
    // The chosen device is gone: any other is better than none.
    if (deviceId && (name === "OverconstrainedError" || name === "NotFoundError"))
      return navigator.mediaDevices.getUserMedia(wanted(false)).catch((again: unknown) => { throw meaning(again); });
    throw meaning(error);
  }
}

function meaning(error: unknown): MicrophoneError {
  const name = error instanceof DOMException ? error.name : "";
  const detail = error instanceof Error ? error.message : "";
  if (name === "NotAllowedError" || name === "SecurityError") return new MicrophoneError("denied", detail);
  if (name === "NotFoundError" || name === "OverconstrainedError") return new MicrophoneError("none", detail);
  if (name === "NotReadableError" || name === "AbortError") return new MicrophoneError("busy", detail);
  return new MicrophoneError("unsupported", detail);
}

/** The microphones there are; without names until one was allowed. */
export async function microphones(): Promise<MediaDeviceInfo[]> {
  const all = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
  return all.filter((device) => device.kind === "audioinput" && device.deviceId !== "");
}
