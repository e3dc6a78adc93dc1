// The one list everything on the page is made of: what the server told, and what this page did and heard.
import type { Facts, Json } from "./contracts";

export type { Json };

export type StateFact = Facts["state"];
export type PromptFact = Facts["prompt"];
export type MemoryFact = Facts["memory"];

export type ToolFact = Facts["tool"];

/** What only the page knows. */
export interface OwnFacts {
  session_opened: { id?: string; voice?: string; opened_at?: string | null };
  session_closed: { why?: string };
  /** So much of an item has left the loudspeaker. */
  played: { item_id: string; played_ms: number };
  /** From the caller's last loud sample to the answer's first, on this page's own watch. */
  page_heard: { item_id: string; ms: number };
  /** The page fell silent because the caller spoke, so long after their first loud sample. */
  page_silenced: { item_id: string; ms: number };
}

export type All = Facts & OwnFacts;
export type Name = keyof All;
/** One entry of the list. Unknown names may occur and are ignored. */
export type Told = { [N in Name]: { at_ms: number; name: N; data: All[N] } }[Name];

export function told<N extends Name>(at_ms: number, name: N, data: All[N]): Told {
  return { at_ms, name, data } as Told;
}

export interface Persona {
  id: string;
  name: string;
  /** What they are: "the cook". */
  role?: string;
  voice: string;
  colour: string | null;
}

export interface Scene {
  id: string;
  title: string;
  persona: string;
  aim: string;
  checklist: { id: string; label: string }[];
  exits: { to: string; label: string }[];
}

export interface Cast {
  name: string;
  title: string;
  about?: string;
  personas: Persona[];
  scenes: Scene[];
  start: string;
}

/** What a trace file holds. */
export interface Trace {
  format: "antiphon-trace";
  version: 1;
  id: string;
  cast: Cast | null;
  events: Told[];
}
