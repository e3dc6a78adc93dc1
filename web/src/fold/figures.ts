// The response-time equation as figures: percentiles over the session, bars of a waterfall.
import type { Span, Term, TurnReport } from "../contracts";

/** The nearest-rank percentile of `values`; null of none. */
export function percentile(values: readonly number[], share: number): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? null;
}

export interface Percentiles {
  count: number;
  p50: number | null;
  p95: number | null;
}

/** Of the turns that were answered with sound, by `of`. */
export function percentiles(
  turns: readonly TurnReport[], of: (turn: TurnReport) => number | null,
): Percentiles {
  const values = turns.map(of).filter((value): value is number => value !== null);
  return { count: values.length, p50: percentile(values, 0.5), p95: percentile(values, 0.95) };
}

/** Whether it answers a voice: a greeting answers nobody, and what was typed has no last sound. */
export function spoken(turn: TurnReport): boolean {
  return turn.terms.some((term) => term.name === "end_of_turn" && term.ms > 0);
}

export const TERM_NAMES: Record<Term["name"], string> = {
  end_of_turn: "end-of-turn wait",
  transcription: "transcription",
  context: "context",
  first_token: "first token",
  first_clause: "first clause",
  synthesis: "synthesis",
  output: "output",
  queue: "queue",
};

export const TERM_MEANING: Record<Term["name"], string> = {
  end_of_turn: "from your last sound until it was sure that you had finished",
  transcription: "turning your sound into words",
  context: "recalling and building the prompt",
  first_token: "the language model reads the rest of the prompt",
  first_clause: "the language model writes the first words that can be spoken",
  synthesis: "making the first sound",
  output: "on the way to the loudspeaker",
  queue: "waiting for an engine that was busy",
};

export interface Bar {
  term: Span["term"];
  owner: string;
  startMs: number;
  endMs: number;
}

export interface Waterfall {
  /** Of 1 ms and more. */
  bars: Bar[];
  /** All the others together. */
  smallMs: number;
  /** The right edge, at a round figure. */
  scaleMs: number;
  sentMs: number | null;
  heardMs: number | null;
  ticks: number[];
}

const LEAST_SHOWN_MS = 1;

/** One row for each span of a turn, in the order they began, on a scale of its own or a given one. */
export function waterfall(turn: TurnReport, leastScaleMs = 0): Waterfall {
  const all = turn.spans
    .map((span) => ({ term: span.term, owner: span.owner, startMs: span.start_ms, endMs: span.end_ms }))
    .sort((a, b) => a.startMs - b.startMs || a.endMs - b.endMs);
  const bars = all.filter((bar) => bar.endMs - bar.startMs >= LEAST_SHOWN_MS);
  const smallMs = all.filter((bar) => !bars.includes(bar)).reduce((sum, bar) => sum + bar.endMs - bar.startMs, 0);
  const furthest = Math.max(leastScaleMs, turn.sent_ms ?? 0, turn.heard_ms ?? 0, ...bars.map((bar) => bar.endMs));
  const step = niceStep(furthest);
  const scaleMs = Math.max(step, Math.ceil(furthest / step) * step);
  const ticks = Array.from({ length: Math.round(scaleMs / step) + 1 }, (_, at) => at * step);
  return { bars, smallMs, scaleMs, sentMs: turn.sent_ms, heardMs: turn.heard_ms, ticks };
}

function niceStep(span: number): number {
  const rough = Math.max(1, span / 5);
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 2.5, 5, 10].map((one) => one * power).find((one) => one >= rough) ?? 10 * power;
}

/** Those of one name together: several engines may have been waited for. */
function together(terms: readonly Term[]): [Term["name"], number][] {
  const sums = new Map<Term["name"], number>();
  for (const { name, ms } of terms) sums.set(name, (sums.get(name) ?? 0) + ms);
  return [...sums];
}

/** "321 end-of-turn wait + 149 transcription − 219 overlap = 710 ms sent". */
export function equation(turn: TurnReport): string {
  const terms = together(turn.terms).filter(([, ms]) => Math.round(ms) !== 0)
    .map(([name, ms]) => `${Math.round(ms)} ${TERM_NAMES[name]}`);
  if (terms.length === 0 || turn.sent_ms === null) return "";
  const overlap = turn.overlap_ms >= 0.5 ? ` − ${Math.round(turn.overlap_ms)} overlap` : "";
  const rest = Math.abs(turn.residual_ms) >= 0.5 ? ` + ${Math.round(turn.residual_ms)} unexplained` : "";
  return `${terms.join(" + ")}${overlap}${rest} = ${Math.round(turn.sent_ms)} ms sent`;
}
