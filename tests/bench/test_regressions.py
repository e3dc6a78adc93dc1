"""The bench of planted regressions: a model that reads its prompt, and experiments that come to an answer."""

from antiphon.bench.reading_model import ReadingModel
from antiphon.bench.regressions import found
from antiphon.contracts import Message, Prompt, TextDelta
from antiphon.evals.planted import forgetful
from antiphon.evals.records import Conversation, ConversationOutcome

ASKED_BACK = Prompt(
    (
        Message("system", "You sell bread."),
        Message("user", "Four rolls, please."),
        Message("assistant", "Gladly."),
        Message("system", "Answer as Ann.\nAgreed so far: how many rolls: 4.\nDo now: ask: Anything else?"),
        Message("user", "How many rolls did I say?"),
    )
)


def said(prompt: Prompt, seed: int = 3) -> str:
    pieces = ReadingModel(seed).generate(prompt)
    return "".join(piece.text for piece in pieces if isinstance(piece, TextDelta))


def test_it_says_what_its_prompt_holds_and_asks_what_it_is_to_ask() -> None:
    answer = said(ASKED_BACK)
    assert answer.startswith("You said: how many rolls: 4. Four rolls, please.")
    assert answer.endswith("Anything else?")
    assert said(forgetful(ASKED_BACK)).startswith("I am afraid I do not know that any more.")


def test_its_dice_are_the_seed_and_the_words() -> None:
    other = Prompt((*ASKED_BACK.messages[:-1], Message("user", "Good.")))
    answers = [said(other, seed) for seed in range(60)]
    assert answers == [said(other, seed) for seed in range(60)]
    assert len(set(answers)) > 5
    assert 0 < sum("Anything else?" not in answer for answer in answers) < 20, (
        "now and then it forgets to ask"
    )


def conversations(version: int, missed: float, *, late_ms: float = 0.0) -> dict[int, list[Conversation]]:
    """Two experiments of four rounds with three callers."""
    return {
        1000 * number + experiment: [
            Conversation(
                id=f"{name}-{number}",
                scenario=name,
                seed=1000 * number + experiment,
                mode="text",
                # the last digits differ from version to version, as they do
                measures={"missed": missed, "latency_ms": 800 + late_ms + (7 * number + 3 * version) % 5},
                outcome=ConversationOutcome(success=True),
            )
            for name in ("a", "b", "c")
        ]
        for number in range(4)
        for experiment in (1, 2)
    }


def test_an_experiment_looks_after_every_round_until_it_knows() -> None:
    ignored = found("ignores", conversations(0, 0.0), conversations(1, 0.4), 4)
    assert (ignored.experiments, ignored.pairs_at_most, ignored.worse.value) == (2, 12, 1.0)
    assert ignored.by == {"missed": 2}
    assert ignored.pairs == 9, "three rounds"
