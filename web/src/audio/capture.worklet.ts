// The microphone as 20 ms frames of 24 kHz PCM, whatever rate the device has.
import { type Captured, FRAME, WIRE_HZ } from "./messages";
import { Loudness } from "./loudness";
import { Resampler } from "./resample";

class Capture extends AudioWorkletProcessor {
  #resampler = new Resampler(sampleRate, WIRE_HZ);
  #loudness = new Loudness();
  #frame = new Float32Array(FRAME);
  #filled = 0;

  process(inputs: Float32Array[][]): boolean {
    const channel = inputs[0]?.[0];
    if (channel === undefined) return true;
    const fresh = this.#resampler.push(channel);
    const end = currentTime + channel.length / sampleRate;
    for (const [place, sample] of fresh.entries()) {
      this.#frame[this.#filled++] = sample;
      if (this.#filled === FRAME) this.#send(end - (fresh.length - 1 - place) / WIRE_HZ);
    }
    return true;
  }

  #send(time: number): void {
    this.#filled = 0;
    const pcm = new Int16Array(FRAME);
    for (let at = 0; at < FRAME; at++) pcm[at] = Math.max(-1, Math.min(1, this.#frame[at]!)) * 32_767;
    const captured: Captured = { pcm, time, ...this.#loudness.judge(this.#frame) };
    this.port.postMessage(captured, [pcm.buffer]);
  }
}

registerProcessor("capture", Capture);
