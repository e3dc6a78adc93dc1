// The response-time equation: one turn as a waterfall, the session as percentiles.
import { useState } from "preact/hooks";
import type { TurnReport } from "../contracts";
import { TERM_MEANING, TERM_NAMES, equation, percentiles, spoken, waterfall } from "../fold/figures";
import type { View } from "../fold/view";

export function Time({ view }: { view: View }) {
  const turns = view.turns.filter((turn) => turn.terms.length > 0);
  const [chosen, choose] = useState<number | null>(null);
  if (turns.length === 0) return <EmptyTime />;
  const turn = turns.find((one) => one.turn === chosen) ?? turns[turns.length - 1]!;
  return (
    <>
      <p class="lead">From your last sound to the first sound of the answer.</p>
      <Figures turns={turns} view={view} />
      <Strip turns={turns} chosen={turn.turn} choose={(one) => choose(one)} />
      <Waterfall turn={turn} />
    </>
  );
}

function EmptyTime() {
  return (
    <div class="empty">
      <h3>Where every millisecond goes</h3>
      <p>When you have been answered, this shows the time from your last sound to the first sound of the answer, piece by piece, and who spent it.</p>
    </div>
  );
}

const seconds = (ms: number | null) => (ms === null ? "–" : `${(ms / 1000).toFixed(2)} s`);

function Figures({ turns, view }: { turns: readonly TurnReport[]; view: View }) {
  const voiced = turns.filter(spoken);
  const heard = percentiles(voiced, (turn) => turn.heard_ms);
  const sent = percentiles(voiced, (turn) => turn.sent_ms);
  const silenced = view.silencedMs;
  return (
    <dl class="figures">
      <Figure name="heard, median" value={seconds(heard.p50)} meaning="From your last sound to the first sound out of the loudspeaker, as this page acknowledged it" />
      <Figure name="heard, 95th" value={seconds(heard.p95)} meaning="19 of 20 answers were sooner" />
      <Figure name="sent, median" value={seconds(sent.p50)} meaning="To the moment the first sound left the server" />
      {silenced.length > 0
        ? <Figure name="cut in" value={`${silenced[silenced.length - 1]} ms`} meaning="How long the sound went on after you began to speak over it, the last time" />
        : <Figure name="turns" value={String(turns.length)} meaning="Answered with sound in this conversation" />}
    </dl>
  );
}

function Figure({ name, value, meaning }: { name: string; value: string; meaning: string }) {
  return <div title={meaning}><dt>{name}</dt><dd>{value}</dd></div>;
}

/** Every turn as a column, to choose one. */
function Strip({ turns, chosen, choose }: { turns: readonly TurnReport[]; chosen: number; choose: (turn: number) => void }) {
  if (turns.length < 2) return null;
  const shown = turns.slice(-40);
  const most = Math.max(...shown.map((turn) => turn.heard_ms ?? turn.sent_ms ?? 0), 1);
  return (
    <div class="strip" role="group" aria-label="Each answer; press one to see it below">
      {shown.map((turn) => {
        const ms = turn.heard_ms ?? turn.sent_ms ?? 0;
        return (
          <button key={turn.turn} type="button" aria-pressed={turn.turn === chosen} onClick={() => choose(turn.turn)}
            aria-label={`Turn ${turn.turn}: ${seconds(ms)}`} title={`Turn ${turn.turn}: ${seconds(ms)}`}>
            <i style={{ height: `${Math.max(6, (100 * ms) / most)}%` }} />
          </button>
        );
      })}
    </div>
  );
}

function Waterfall({ turn }: { turn: TurnReport }) {
  const { bars, smallMs, scaleMs, sentMs, heardMs, ticks } = waterfall(turn);
  const left = (ms: number) => `${Math.max(0, (100 * ms) / scaleMs)}%`;
  const width = (from: number, to: number) => `max(2px, ${(100 * Math.max(0, to - Math.max(0, from))) / scaleMs}%)`;
  return (
    <section class="waterfall" aria-label={`Turn ${turn.turn}`}>
      <h3>Turn {turn.turn} <small>{turn.said}</small></h3>
      <table>
        <caption class="unseen">Each piece of work on the way to the answer</caption>
        <thead class="unseen"><tr><th>piece</th><th>when</th><th>took</th></tr></thead>
        <tbody>
          {bars.map((bar, at) => (
            <tr key={at} title={`${TERM_MEANING[bar.term]} (${bar.owner})`}>
              <th scope="row">{TERM_NAMES[bar.term]}<small>{bar.owner}</small></th>
              <td class="lane">
                <i class={`bar ${bar.term}`} style={{ left: left(bar.startMs), width: width(bar.startMs, bar.endMs) }} />
                {sentMs !== null && <b class="mark sent" style={{ left: left(sentMs) }} />}
                {heardMs !== null && <b class="mark heard" style={{ left: left(heardMs) }} />}
              </td>
              <td class="ms">{Math.round(bar.endMs - bar.startMs)} ms</td>
            </tr>
          ))}
          <tr class="axis" aria-hidden="true">
            <th />
            <td class="lane">{ticks.map((tick) => <span key={tick} style={{ left: left(tick) }}>{tick}</span>)}</td>
            <td class="ms">ms</td>
          </tr>
        </tbody>
      </table>
      <p class="legend">
        {sentMs !== null && <span><b class="mark sent" /> sent {Math.round(sentMs)} ms</span>}
        {heardMs !== null && <span><b class="mark heard" /> heard {Math.round(heardMs)} ms</span>}
        {smallMs >= 0.05 && <span>and pieces below 1 ms: {smallMs.toFixed(1)} ms</span>}
      </p>
      <p class="equation">{equation(turn)}</p>
      {turn.guesses > 0 && (
        <p class="aside">
          Begun before you had finished: {turn.guesses}×{turn.guess_held ? ", and it held" : ""}.{" "}
          {turn.prompt_tokens > 0 && `Prompt ${turn.prompt_tokens} tokens, ${turn.cached_tokens} of them read ahead.`}
        </p>
      )}
    </section>
  );
}
