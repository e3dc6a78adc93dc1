// Who speaks: their name and colour. Without a cast there is one agent, with its voice's name.
import type { Cast } from "./events";

export interface Person {
  name: string;
  voice: string;
  /** A class name: one of eight colours, or the cast's own, which the sheet fits to the theme. */
  hue: string;
  style: Record<string, string>;
}

const HUES = 8;

export function personOf(cast: Cast | null, persona: string, voice: string): Person {
  const place = cast?.personas.findIndex((one) => one.id === persona) ?? -1;
  const known = cast?.personas[place];
  if (known === undefined) return { name: "Antiphon", voice, hue: "hue0", style: {} };
  const person = { name: known.name, voice: voice || known.voice };
  if (known.colour && CSS.supports("color", known.colour))
    return { ...person, hue: "coloured", style: { "--colour": known.colour } };
  return { ...person, hue: `hue${place % HUES}`, style: {} };
}
