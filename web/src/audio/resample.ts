// From the microphone's rate to the wire's, as it comes: a windowed sinc, its phases computed once.

/** Zero crossings on each side; 0.7 ms at 48 kHz. */
const CROSSINGS = 16;
/** A little below the half of the lower rate, so that the filter has room to fall. */
const PASSED = 0.92;

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

export class Resampler {
  readonly #up: number;
  readonly #down: number;
  readonly #half: number;
  readonly #phases: Float32Array[];
  #past: Float32Array;
  /** Where the next output lies: a whole input sample, and a phase of the next. */
  #at: number;
  #phase = 0;

  constructor(fromHz: number, toHz: number) {
    const common = gcd(fromHz, toHz);
    this.#up = toHz / common;
    this.#down = fromHz / common;
    const cutoff = Math.min(1, toHz / fromHz) * PASSED;
    this.#half = fromHz === toHz ? 0 : Math.ceil(CROSSINGS / cutoff);
    this.#phases = Array.from({ length: this.#up }, (_, phase) => this.#taps(phase / this.#up, cutoff));
    this.#past = new Float32Array(this.#half);
    this.#at = this.#half;
  }

  #taps(offset: number, cutoff: number): Float32Array {
    const half = this.#half;
    if (half === 0) return new Float32Array([1]);
    const taps = Float32Array.from({ length: 2 * half }, (_, at) => {
      const x = at - half + 1 - offset;
      const window = 0.5 + 0.5 * Math.cos((Math.PI * x) / (half + 1));
      const sinc = x === 0 ? 1 : Math.sin(Math.PI * x * cutoff) / (Math.PI * x * cutoff);
      return window * sinc;
    });
    const sum = taps.reduce((total, tap) => total + tap, 0);
    return taps.map((tap) => tap / sum);
  }

  /** All outputs that `input` completes. */
  push(input: Float32Array): Float32Array {
    if (this.#half === 0) return input;
    const whole = new Float32Array(this.#past.length + input.length);
    whole.set(this.#past);
    whole.set(input, this.#past.length);
    const outputs: number[] = [];
    while (this.#at + this.#half < whole.length) {
      const taps = this.#phases[this.#phase]!;
      const from = this.#at - this.#half + 1;
      let sum = 0;
      for (let tap = 0; tap < taps.length; tap++) sum += taps[tap]! * whole[from + tap]!;
      outputs.push(sum);
      this.#phase += this.#down;
      this.#at += Math.floor(this.#phase / this.#up);
      this.#phase %= this.#up;
    }
    const kept = Math.max(0, this.#at - this.#half + 1);
    this.#past = whole.slice(kept);
    this.#at -= kept;
    return Float32Array.from(outputs);
  }
}
