// Who speaks, as a round letter in their colour.
import type { Person } from "../people";

export function Face({ person, speaking = false }: { person: Person; speaking?: boolean }) {
  return (
    <span class={`face ${person.hue} ${speaking ? "speaking" : ""}`} style={person.style} aria-hidden="true">
      {person.name.slice(0, 1).toUpperCase()}
    </span>
  );
}
