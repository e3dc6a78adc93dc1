// The list that everything else is made of.
import { useState } from "preact/hooks";
import type { Told } from "../events";
import { clock } from "../fold/replay";

const MOST = 300;

export function Log({ events, untilMs }: { events: readonly Told[]; untilMs: number }) {
  const [wanted, setWanted] = useState("");
  const found = events.filter((event) =>
    event.at_ms <= untilMs && (wanted === "" ? event.name !== "played" : JSON.stringify(event).includes(wanted)));
  return (
    <>
      <label class="filter">Filter <input type="search" value={wanted} onInput={(event) => setWanted(event.currentTarget.value)} /></label>
      <ol class="log" aria-label="Events, newest first">
        {found.slice(-MOST).reverse().map((event, at) => (
          <li key={at}>
            <time>{clock(event.at_ms)}.{String(Math.floor(event.at_ms % 1000)).padStart(3, "0")}</time>
            <details><summary>{event.name} <small>{brief(event)}</small></summary><pre>{JSON.stringify(event.data, null, 1)}</pre></details>
          </li>
        ))}
      </ol>
    </>
  );
}

function brief(event: Told): string {
  const data = event.data as Record<string, unknown>;
  const text = data.text ?? data.message ?? data.status ?? data.scene ?? data.query ?? data.ms ?? "";
  return String(text).slice(0, 60);
}
