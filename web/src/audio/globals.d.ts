// What an AudioWorklet's global scope has; TypeScript's DOM library leaves it out.
declare const sampleRate: number;
declare const currentTime: number;
declare abstract class AudioWorkletProcessor {
  readonly port: MessagePort;
  constructor(options?: unknown);
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;
