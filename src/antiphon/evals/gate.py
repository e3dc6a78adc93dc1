"""Did the simulated caller do its part? What it got wrong is no evidence about the agent.

Six ways to fail, each a sentence that begins with its kind:

    invented    it said something that the scenario does not hold: a number, a name, most of a line
    garbled     its sound does not say what it meant to say, as a recogniser of our own hears it
    hung up     it left with something untold that it was to tell, or gave up at once
    silent      it did not speak when it was its turn
    held back   it was to cut in, the agent was speaking, and it did not
    stuck       it said the same thing again and again, unasked

Timing is read off the log, never judged. The bounds were set on honest conversations of the example suites
and on planted faults (`antiphon bench callers`).
"""

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

from antiphon.evals.asking import asked_at, wants_again, wants_yes
from antiphon.evals.numbers import is_number
from antiphon.evals.phrasing import capitals
from antiphon.evals.records import Conversation, Gate, Line
from antiphon.evals.scenario import Scenario
from antiphon.evals.turns import caller_turns, words_heard
from antiphon.evals.word_error import word_errors
from antiphon.evals.wording import normalize

PLANNED = "caller_planned"
"""The event by which a caller says what it is about to do: `act`, and `by_ms`, when it must have begun."""

GARBLED_ABOVE = 0.5
"""Word errors of a line; of at most three words a line may have two wrong."""
_INVENTED_SHARE = 0.4
_SLACK_MS = 4000.0
_SAME_LINE_MAX = 4
_SPELLED = re.compile(r"\b[^\W\d_](?:[-,.\s]+[^\W\d_]\b){2,}")
_SMALL = frozenset(
    (  # noqa: SIM905 - as a text it can be read
        "a an the and or but so to of in on at for with from by it is am are was be been i you we he she "
        "they me my your our his her their this that these those there here not no yes please would will can "
        "could do does did have has had just well oh okay alright thank thanks hello hi good"
    ).split()
)


def gate(conversation: Conversation, scenario: Scenario) -> Gate:
    """Whether the conversation may count, and every reason why not."""
    reasons = (
        *_invented(conversation.transcript, scenario),
        *_garbled(conversation.transcript),
        *_hung_up(conversation, scenario),
        *_silent(conversation, scenario),
        *_held_back(conversation),
        *_stuck(conversation.transcript, scenario),
    )
    return Gate(kept=not reasons, reasons=reasons)


def may_say(scenario: Scenario) -> tuple[str, ...]:
    """Everything that a caller of `scenario` has to say."""
    facts = (text for fact in scenario.facts.values() for text in fact.says)
    points = (text for point in scenario.points for text in point.says)
    return (*scenario.opens, *facts, *points, *scenario.agrees, *scenario.leaves)


def _invented(lines: Sequence[Line], scenario: Scenario) -> Iterator[str]:
    everything = may_say(scenario)
    known = {word for text in everything for word in normalize(text)}
    for line in caller_turns(lines):
        words = normalize(line.text)
        of_facts = _texts_of(line, scenario) or everything
        told = {word for text in of_facts for word in normalize(text)}
        strange = [word for word in words if _counts(word) and word not in told]
        content = [word for word in words if word not in _SMALL]
        unknown = [word for word in content if word not in known] if _own_words(line) else []
        names = [word for word in capitals(line.text) if word not in told] if _own_words(line) else []
        if strange or names:
            yield f"invented: the scenario does not hold the {', '.join([*strange, *names])} of {line.text!r}"
        elif len(unknown) > 2 and len(unknown) > _INVENTED_SHARE * len(content):
            yield f"invented: {line.text!r} is not what the scenario has to say"


def _texts_of(line: Line, scenario: Scenario) -> tuple[str, ...]:
    """What the facts that a line tells may be told with; numbers and names must be theirs."""
    intent, *facts = line.intent.split(":")
    if intent not in ("tells", "volunteers", "repeats"):
        return ()
    known = [name for name in facts if name in scenario.facts]
    texts = [text for name in known for text in scenario.facts[name].says]
    if intent == "repeats":
        texts += (text for name in known for text in _elsewhere(name, scenario))
    return tuple(texts)


def _elsewhere(name: str, scenario: Scenario) -> Iterator[str]:
    """The other lines that tell a fact: the first words, and points that tell it or change it."""
    if name in scenario.opens_with:
        yield from scenario.opens
    slot = scenario.facts[name].slot
    for point in scenario.points:
        if name in point.tells or (slot and point.slot == slot):
            yield from point.says


def _own_words(line: Line) -> bool:
    """Whether the words are the scenario's, not every caller's ("Hello? Are you there?")."""
    return line.intent.split(":")[0] not in ("wonders", "repeats", "")


def _counts(word: str) -> bool:
    return word.isdecimal() or (is_number(word) and word != "one") or word in ("hundred", "thousand")


def _garbled(lines: Sequence[Line]) -> Iterator[str]:
    for line in caller_turns(lines):
        if line.transcribed is None:
            continue
        found = word_errors(_as_words(line.text), _as_words(line.transcribed))
        allowed = max(GARBLED_ABOVE * found.words, min(2, found.words - 1))
        if found.words and found.errors > allowed:
            yield f"garbled: {line.text!r} sounds like {line.transcribed!r}"


def _as_words(text: str) -> str:
    """What is spelled as one word: whether each letter is heard says little of whether the caller spoke."""
    return _SPELLED.sub(lambda match: re.sub(r"\W+", "", match[0]), text)


def _hung_up(conversation: Conversation, scenario: Scenario) -> Iterator[str]:
    turns = caller_turns(conversation.transcript)
    if conversation.outcome.ended == "gave_up" and turns and len(turns) < scenario.turns_max:
        if not turns[-1].intent.startswith("wonders"):
            yield "hung up: it gave up without asking whether anybody was there"
        return
    if conversation.outcome.ended != "caller":
        return
    intents = [line.intent.split(":") for line in turns]
    told = {fact for _, *facts in intents for fact in facts}
    left = [name for name, fact in scenario.facts.items() if not fact.hidden and name not in told]
    if not turns or intents[-1][0] != "leaves":
        yield "hung up: it ended the call without taking leave"
    elif left:
        yield f"hung up: it left before it told {', '.join(left)}"
    elif point := _next_point(intents, told, scenario):
        yield f"hung up: it left before it said {point!r}"


def _next_point(intents: Sequence[Sequence[str]], told: Collection[str], scenario: Scenario) -> str:
    """What the caller was to bring up next, if its time had come."""
    brought = sum(intent == "brings_up" for intent, *_ in intents)
    due = [point for point in scenario.points[brought:][:1] if all(name in told for name in point.once)]
    return due[0].says[0] if due else ""


def _silent(conversation: Conversation, scenario: Scenario) -> Iterator[str]:
    """Behind every answer but the last, a turn must begin soon; and there must be turns at all."""
    lines = conversation.transcript
    turns = caller_turns(lines)
    if not turns and conversation.outcome.ended != "failed":
        yield "silent: it never said anything"
    allowed = _SLACK_MS + (scenario.manner.silence_s * 1000 if scenario.manner.silences else 0.0)
    for before, after in pairwise(turns):
        if after.intent.startswith("wonders"):
            continue
        answered = [
            line.end_ms
            for line in lines
            if line.who == "agent" and before.start_ms <= line.start_ms < after.start_ms
        ]
        if answered and after.start_ms - max(answered) > allowed:
            waited = (after.start_ms - max(answered)) / 1000
            yield f"silent: it waited {waited:.1f} s before it said {after.text!r}"
    for line in turns:
        if line.transcribed is not None and not line.transcribed.strip() and normalize(line.text):
            yield f"silent: nothing is heard where it said {line.text!r}"


def _held_back(conversation: Conversation) -> Iterator[str]:
    made = [line for line in conversation.transcript if line.who == "caller" and line.act == "interruption"]
    for event in conversation.events:
        if event.name != PLANNED or event.data.get("act") != "interruption":
            continue
        by_ms = float(event.data.get("by_ms", event.at_ms))
        if not any(event.at_ms - 1 <= line.start_ms <= by_ms for line in made):
            yield f"held back: it was to cut in by {by_ms / 1000:.1f} s and did not"


def _stuck(lines: Sequence[Line], scenario: Scenario) -> Iterator[str]:
    """What the agent asks to hear again is its doing, however often: only what it did not ask for counts."""
    said: list[str] = []
    since = float("-inf")
    for line in caller_turns(lines):
        before = [
            words_heard(each)
            for each in lines
            if each.who == "agent" and since <= each.start_ms < line.start_ms
        ]
        if not _asked_for(line, " ".join(before), scenario):
            said.append(" ".join(normalize(line.text)))
        since = line.start_ms
    for text in dict.fromkeys(said):
        if said.count(text) > _SAME_LINE_MAX:
            yield f"stuck: it said {text!r} {said.count(text)} times"


def _asked_for(line: Line, heard: str, scenario: Scenario) -> bool:
    """Whether a line says something again, or says yes, because the agent wants it."""
    intent, *facts = line.intent.split(":")
    if intent == "agrees":
        return wants_yes(heard)
    if intent != "repeats":
        return False
    cues = [cue for name in facts if name in scenario.facts for cue in scenario.facts[name].asked]
    return wants_again(heard) or asked_at(heard, cues) is not None
