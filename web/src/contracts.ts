// Written by tools/web_types.py from the server's own types: change those, then run it again.

/** Anything that JSON can say. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export type CheckMark = {
  id: string;
  label: string;
  done: boolean;
};

export type Moved = {
  from: string;
  to: string;
  by: string;
  why: string;
};

export type Node = {
  id: string;
  label: string;
  kind: string;
};

export type PromptSection = {
  name: string;
  tokens: number;
  cached: boolean;
};

export type RecalledFact = {
  id: string;
  text: string;
  score: number;
  tokens: number;
  why: string;
  when: string | null;
};

export type Relation = {
  source: string;
  target: string;
  kind: string;
};

export type ShownItem = {
  id: string;
  kind: string;
  role: string;
  text: string;
  spoken: boolean;
  interrupted: boolean;
  audio_ms: number;
};

export type SlotFilled = {
  name: string;
  value: string | number | null;
};

export type Span = {
  term: "context" | "end_of_turn" | "first_clause" | "first_token" | "output" | "queue" | "synthesis" | "transcription";
  owner: string;
  start_ms: number;
  end_ms: number;
  causes: number[];
};

export type Term = {
  name: "context" | "end_of_turn" | "first_clause" | "first_token" | "output" | "queue" | "synthesis" | "transcription";
  owner: string;
  ms: number;
};

export type TurnReport = {
  turn: number;
  revisions: number;
  outcome: "answered" | "backchannel" | "cancelled" | "failed" | "interrupted" | "nothing_said" | "unanswered";
  said: string;
  answer: string;
  heard: string;
  started_at_ms: number;
  voiced_at_ms: number | null;
  terms: Term[];
  overlap_ms: number;
  residual_ms: number;
  sent_ms: number | null;
  heard_ms: number | null;
  spans: Span[];
  prompt_tokens: number;
  cached_tokens: number;
  answer_tokens: number;
  wasted_tokens: number;
  guesses: number;
  guess_held: boolean;
};

/** What each fact says, by its name. */
export interface Facts {
  speech_started: {
    item_id: string;
    at_ms: number;
  };
  speech_stopped: {
    item_id: string;
    at_ms: number;
  };
  item_added: {
    item: ShownItem;
  };
  transcript_partial: {
    item_id: string;
    text: string;
  };
  transcript: {
    item_id: string;
    text: string;
  };
  transcript_failed: {
    item_id: string;
    message: string;
  };
  reply_started: {
    reply_id: string;
    in_conversation: boolean;
  };
  reply_text: {
    reply_id: string;
    item_id: string;
    text: string;
    start_ms: number | null;
    end_ms: number | null;
  };
  reply_item_ended: {
    reply_id: string;
    item: ShownItem;
  };
  reply_ended: {
    reply_id: string;
    status: "cancelled" | "completed" | "failed" | "incomplete";
    reason: "" | "client_cancelled" | "engine_broken" | "max_output_tokens" | "turn_detected";
  };
  turn_measured: {
    report: TurnReport;
  };
  memory: {
    turn: number;
    query: string;
    tokens: number;
    budget_tokens: number;
    ms: number;
    answerable: number;
    facts: RecalledFact[];
    left_out: number;
    unused: RecalledFact[];
    nodes: Node[];
    edges: Relation[];
  };
  tool: {
    turn: number;
    name: string;
    arguments: { [key: string]: Json };
    result: string | null;
    status: "done" | "dropped" | "failed" | "running";
    ms: number | null;
  };
  state: {
    turn: number;
    version: number;
    scene: string;
    persona: string;
    voice: string;
    checklist: CheckMark[];
    slots: SlotFilled[];
    moved: Moved | null;
  };
  prompt: {
    turn: number;
    sections: PromptSection[];
    tokens: number;
    evaluated_tokens: number | null;
    text: string | null;
  };
  session_failed: {
    code: string;
    message: string;
  };
}
