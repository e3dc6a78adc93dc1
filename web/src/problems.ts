// What can keep a person from talking, in their words, each with the way out.
import { MicrophoneError } from "./audio/microphone";
import { TransportError } from "./transport/transport";

export interface Problem {
  code: string;
  title: string;
  way: string;
  /** Whether trying again could help. */
  again: boolean;
}

const MICROPHONE: Record<MicrophoneError["problem"], Omit<Problem, "code">> = {
  insecure: {
    title: "The browser gives no microphone to this address",
    way: "Browsers allow it on https:// and on localhost only. Open this page as http://localhost, or put the server behind https. Typing works here too.",
    again: false,
  },
  denied: {
    title: "The microphone is blocked for this page",
    way: "Click the icon left of the address, allow the microphone, and press Talk again. Your voice goes to this server and nowhere else.",
    again: true,
  },
  none: {
    title: "No microphone was found",
    way: "Plug one in, or switch it on in the system's sound settings, and press Talk again. You can also type.",
    again: true,
  },
  busy: {
    title: "The microphone does not answer",
    way: "Another program may be using it. Close that, or choose another microphone in the settings, and press Talk again.",
    again: true,
  },
  lost: {
    title: "The microphone was unplugged",
    way: "Plug it in again, or choose another one in the settings. Meanwhile you can type.",
    again: true,
  },
  unsupported: {
    title: "This browser cannot use the microphone here",
    way: "A current Firefox, Chrome, Edge or Safari can. Typing works in this one.",
    again: false,
  },
};

const SERVER: Record<TransportError["code"], Omit<Problem, "code" | "title">> = {
  loading: { way: "They take some seconds after the server's start. The page goes on asking; you need not do anything.", again: true },
  busy: { way: "As many conversations are open as the server allows. Close another one, or raise limits.sessions.", again: true },
  key: { way: "Enter the value of ANTIPHON_KEY that the server was started with.", again: true },
  unreachable: { way: "Is it running? Start it with make run, or antiphon serve.", again: true },
};

export function problemOf(error: unknown): Problem {
  if (error instanceof MicrophoneError) return { code: error.problem, ...MICROPHONE[error.problem] };
  if (error instanceof TransportError) return { code: error.code, title: error.message, ...SERVER[error.code] };
  const message = error instanceof Error ? error.message : String(error);
  return { code: "unexpected", title: "Something went wrong", way: message, again: true };
}
