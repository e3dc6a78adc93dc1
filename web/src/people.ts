// Who speaks: their name and colour. Without a cast there is one agent, with its voice's name.
import type { Cast } from "./events";

export interface Person {
  name: string;
  voice: string;
  /** One of eight, as a class name: colours of both themes are chosen for contrast, a cast's are not. */
  hue: string;
  colour: string | null;
}

const HUES = 8;

export function personOf(cast: Cast | null, persona: string, voice: string): Person {
  const place = cast?.personas.findIndex((one) => one.id === persona) ?? -1;
  const known = cast?.personas[place];
  if (known === undefined) return { name: "Antiphon", voice, hue: "hue0", colour: null };
  const colour = known.colour !== null && /^#[0-9a-fA-F]{6}$/.test(known.colour) ? known.colour : null;
  return { name: known.name, voice: voice || known.voice, hue: `hue${place % HUES}`, colour };
}
