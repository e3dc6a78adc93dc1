// Who speaks, as a round letter in their colour.
import type { Person } from "../people";

export function Face({ person, speaking = false }: { person: Person; speaking?: boolean }) {
  const style = person.colour === null ? {} : { "--face": person.colour };
  return (
    <span class={`face ${person.hue} ${speaking ? "speaking" : ""}`} style={style} aria-hidden="true">
      {person.name.slice(0, 1).toUpperCase()}
    </span>
  );
}
