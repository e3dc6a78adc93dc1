import type { TurnReport } from "../src/contracts";

/** The turn of docs/equation.md, with changes. */
export function report(turn: number, changes: Partial<TurnReport> = {}): TurnReport {
  return {
    turn, revisions: 1, outcome: "answered", said: "How many legs?", answer: "Eight.", heard: "Eight.", started_at_ms: 0, voiced_at_ms: 0,
    terms: [
      { name: "end_of_turn", owner: "policy", ms: 321 },
      { name: "transcription", owner: "whisper", ms: 149 },
      { name: "first_token", owner: "ik", ms: 150 },
      { name: "queue", owner: "prompt", ms: 0.2 },
    ],
    overlap_ms: 219, residual_ms: 0.1, sent_ms: 710, heard_ms: 800,
    spans: [
      { term: "transcription", owner: "whisper", start_ms: 120, end_ms: 269, causes: [] },
      { term: "end_of_turn", owner: "policy", start_ms: 0, end_ms: 321, causes: [] },
      { term: "queue", owner: "prompt", start_ms: 269, end_ms: 269.2, causes: [1] },
      { term: "first_token", owner: "ik", start_ms: 270, end_ms: 420, causes: [1] },
    ],
    prompt_tokens: 70, cached_tokens: 60, answer_tokens: 9, wasted_tokens: 0, guesses: 1, guess_held: true,
    ...changes,
  };
}
