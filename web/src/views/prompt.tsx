// What the language model was given to read for the last answer, and what each part of it cost.
import type { PromptFact } from "../events";

export function Prompt({ prompt }: { prompt: PromptFact | null }) {
  if (prompt === null)
    return (
      <div class="empty">
        <h3>What the model reads</h3>
        <p>For each answer, this shows the prompt part by part: how many tokens each took, and which of them had been read before you finished speaking.</p>
      </div>
    );
  const total = Math.max(1, prompt.sections.reduce((sum, section) => sum + section.tokens, 0));
  return (
    <>
      <p class="lead">
        {prompt.tokens} tokens for turn {prompt.turn}
        {prompt.evaluated_tokens !== null ? `, ${prompt.evaluated_tokens} of them read after you had finished` : ""}.
      </p>
      <div class="stack" aria-hidden="true">
        {prompt.sections.map((section, at) => (
          <i key={at} class={`part${at % 8} ${section.cached ? "cached" : ""}`} style={{ width: `${(100 * section.tokens) / total}%` }} />
        ))}
      </div>
      <table class="account">
        <thead><tr><th>part</th><th>tokens</th><th>read ahead</th></tr></thead>
        <tbody>
          {prompt.sections.map((section, at) => (
            <tr key={at}>
              <th scope="row"><i class={`swatch part${at % 8} ${section.cached ? "cached" : ""}`} aria-hidden="true" />{section.name}</th>
              <td>{section.tokens}</td>
              <td>{section.cached ? "yes" : "no"}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {prompt.text !== null && <details><summary>The prompt itself</summary><pre tabIndex={0}>{prompt.text}</pre></details>}
    </>
  );
}
