"""What can be asked of a conversation or of one reply, each in several wordings.

A criterion is one question with two answers, of which the first is the good one. Its wordings mean the
same; a judge draws one of them, because what a model answers depends on the words and should not. Each says
what it is and what it is *not* about: most wrong verdicts punish the fault of another criterion.
"""

from typing import Literal

import msgspec

from antiphon.contracts import UnknownName

Unit = Literal["turn", "conversation"]


class Criterion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One question."""

    name: str
    unit: Unit
    wordings: tuple[str, ...]
    """Questions that are answered yes when all is well."""
    good: str
    """The good answer, spelled out, where answers are letters."""
    bad: str
    is_not: str = ""
    """What it is not about."""


CRITERIA: tuple[Criterion, ...] = (
    Criterion(
        name="fitting",
        unit="turn",
        wordings=(
            "Is the last reply a fitting answer to what was said before it?",
            "Does the last reply make sense here, and is it about what was just said?",
            "Would a sensible person be content with the last reply at this point?",
        ),
        good="the last reply fits what was said",
        bad="the last reply does not fit, or makes no sense",
        is_not="Style, length and politeness do not matter.",
    ),
    Criterion(
        name="concise",
        unit="turn",
        wordings=(
            "The last reply is heard, not read. Is it short enough for the ear?",
            "Can a listener on the telephone take in the last reply at once, without being told too much?",
            "Is the last reply as brief as speech should be, with no list or detail that nobody asked for?",
        ),
        good="the last reply is short enough for the ear",
        bad="the last reply is too long or says too much at once",
        is_not="Whether it is right or helpful does not matter.",
    ),
    Criterion(
        name="faithful",
        unit="conversation",
        wordings=(
            "Does everything the agent says agree with what it was told and what its tools returned?",
            "Is the agent free of made-up facts in this conversation?",
        ),
        good="the agent made nothing up",
        bad="the agent said something that is not so",
        is_not="Whether the caller got what they wanted does not matter.",
    ),
    Criterion(
        name="progress",
        unit="conversation",
        wordings=(
            "Does the conversation move towards what the caller wants, without needless repetition?",
            "Does each of the agent's replies bring the caller nearer to what they came for?",
        ),
        good="the conversation moves on",
        bad="the conversation goes in circles or stalls",
        is_not="Whether each fact is right does not matter.",
    ),
    Criterion(
        name="in_character",
        unit="conversation",
        wordings=(
            "Does the agent stay in the role it was given from beginning to end?",
            "Is every reply one that the person the agent plays would give?",
        ),
        good="the agent stays in its role",
        bad="the agent falls out of its role",
        is_not="Whether it is helpful does not matter.",
    ),
    Criterion(
        name="remembers",
        unit="conversation",
        wordings=(
            "Does the agent remember what the caller told it earlier?",
            "Is the agent free of questions whose answer the caller has already given?",
        ),
        good="the agent remembers what it was told",
        bad="the agent forgets or asks again",
    ),
    Criterion(
        name="successful",
        unit="conversation",
        wordings=(
            "Did the caller get what they came for?",
            "At the end, is what the caller wanted done?",
        ),
        good="the caller got what they wanted",
        bad="the caller did not get what they wanted",
        is_not="How long it took does not matter.",
    ),
)


def criterion_named(name: str) -> Criterion:
    """The criterion called `name`.

    Raises:
        UnknownName: there is none.
    """
    for criterion in CRITERIA:
        if criterion.name == name:
            return criterion
    raise UnknownName(f"no criterion is called {name!r}; known: {', '.join(c.name for c in CRITERIA)}")
