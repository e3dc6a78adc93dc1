"""Defects on purpose: for each criterion a way to make a subject worse, step by step, and a matched control.

Who plants a defect knows that it is there, so no label is needed to see whether a judge sees it. The
*control* changes the same places with words that harm nothing: a judge that blames it sees changes, not
faults.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from msgspec.structs import replace

from antiphon.contracts import Subject

Change: TypeAlias = Callable[[str, str], str]
"""From a reply, and a reply to something else, to the reply as it is to stand there."""

FILLER = (
    " I am happy to say so, and please let me know if there is anything else at all that I can do for you."
)


class Defect(NamedTuple):
    """How to spoil a reply."""

    spoiled: Change
    control: Change


def _after(words: str) -> Change:
    return lambda reply, _: f"{reply} {words}"


def _before(words: str) -> Change:
    return lambda reply, _: f"{words} {reply}"


def _instead(words: str) -> Change:
    return lambda _, __: words


OF_A_REPLY: Mapping[str, Defect] = {
    "in_character": Defect(
        _before("As an AI language model, I do not really have a job here."), _before("Yes, of course.")
    ),
    "remembers": Defect(
        _after("I am afraid I have forgotten what you told me. Could you say all of it again?"),
        _after("Thank you for telling me."),
    ),
    "progress": Defect(
        _instead("Sorry, could you say all of that again from the beginning?"), _before("Yes, of course.")
    ),
    "faithful": Defect(
        _after("By the way, you told me that you are a pilot and live in Iceland."),
        _after("By the way, thank you for calling."),
    ),
    "successful": Defect(_instead("I am sorry, that cannot be done."), _before("Yes, of course.")),
}
"""For criteria of whole conversations; step k spoils the last k replies."""


def spoiled(subject: Subject, criterion: str, step: int, other: str) -> Subject:
    """`subject` with `step` defects of what `criterion` asks about; of none it is what it was.

    Args:
        other: a reply to something else, for replies that do not fit.
    """
    if criterion == "concise":
        return with_reply(subject, reply(subject) + FILLER * step)
    if criterion in OF_A_REPLY:
        return _changed(subject, OF_A_REPLY[criterion].spoiled, step, other)
    return with_reply(subject, _mixed(reply(subject), other, 2 * step))


def control(subject: Subject, criterion: str, step: int) -> Subject:
    """`subject` with as many harmless changes: of one reply, a full stop more or less."""
    if criterion in OF_A_REPLY and subject.content.get("response") is None:
        return _changed(subject, OF_A_REPLY[criterion].control, step, "")
    text = reply(subject)
    return with_reply(subject, text[:-1] if text.endswith(".") else text + ".")


def reply(subject: Subject) -> str:
    """What is judged, or of a whole conversation the last thing the agent says in it."""
    if (response := subject.content.get("response")) is not None:
        return str(response)
    places = _replies(context(subject))
    return str(context(subject)[places[-1]]["text"]) if places else ""


def with_reply(subject: Subject, words: str) -> Subject:
    """The same with `words` in the place of `reply`."""
    if subject.content.get("response") is not None:
        return replace(subject, content={**subject.content, "response": words})
    return _changed(subject, lambda _, __: words, 1, "")


def context(subject: Subject) -> Sequence[Mapping[str, Any]]:
    """What was said, line by line."""
    return list(subject.content.get("context") or ())


def _changed(subject: Subject, change: Change, count: int, other: str) -> Subject:
    lines = [dict(line) for line in context(subject)]
    places = _replies(lines)
    for place in places[len(places) - min(count, len(places)) :]:
        lines[place]["text"] = change(str(lines[place]["text"]), other)
    return replace(subject, content={**subject.content, "context": lines})


def _replies(lines: Sequence[Mapping[str, Any]]) -> list[int]:
    return [place for place, line in enumerate(lines) if line["role"] in ("agent", "assistant")]


def _mixed(text: str, other: str, eighths: int) -> str:
    """`text` with its last `eighths` of eight words taken from another."""
    words = text.split()
    keep = round(len(words) * (8 - eighths) / 8)
    return " ".join([*words[:keep], *other.split()[: max(len(words) - keep, 0)]])
