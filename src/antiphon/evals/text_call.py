"""A conversation in writing: the caller's turns against an agent that answers text, without sound or waiting.

The clock is nominal where nobody speaks: words take as long as they would at 150 a minute, and an answer
begins so long after the turn as its first token really took. So the same measures apply as to speech.
"""

from typing import Any, Protocol

import msgspec

from antiphon.contracts import AntiphonError
from antiphon.evals.caller import Caller, Say
from antiphon.evals.phrasing import Phrase
from antiphon.evals.records import Ending, Event, Line
from antiphon.evals.scenario import Scenario

MS_PER_WORD = 400.0
_LONG_WORDS = 8
"""An answer of so many words has room for a murmur."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A fact about the agent's side, under a name of the server's feed."""

    name: str
    data: dict[str, Any]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent said to a turn; empty words when it said nothing."""

    text: str
    first_ms: float
    """To its first token."""
    persona: str = ""
    scene: str = ""
    told: tuple[Told, ...] = ()
    over: bool = False
    """The agent has ended the conversation."""


class TextAgent(Protocol):
    """Whoever answers in writing, one conversation at a time."""

    def begin(self, seed: int) -> Answer | None:
        """A new conversation; what the agent says before anybody has spoken, if anything."""
        ...

    def answer(self, said: str) -> Answer:
        """Answer a turn. AntiphonError: it cannot."""
        ...

    def heard(self, text: str) -> None:
        """So much of the last answer was heard."""
        ...


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation that was held."""

    lines: tuple[Line, ...]
    events: tuple[Event, ...]
    caller: Caller
    ended: Ending
    problem: str = ""
    duration_ms: float


def converse(agent: TextAgent, scenario: Scenario, seed: int, phrase: Phrase | None = None) -> Held:
    """Let the scenario's caller talk with `agent` until one of them ends it."""
    talk = _Talk(agent, Caller(scenario, seed, phrase))
    try:
        ended, problem = talk.run(seed), ""
    except AntiphonError as error:
        ended, problem = "failed", str(error)
    return Held(
        lines=tuple(talk.lines),
        events=tuple(talk.events),
        caller=talk.caller,
        ended=ended,
        problem=problem,
        duration_ms=talk.now_ms,
    )


class _Talk:
    def __init__(self, agent: TextAgent, caller: Caller) -> None:
        self.lines: list[Line] = []
        self.events: list[Event] = []
        self.caller, self._agent = caller, agent
        self.now_ms = 0.0

    def run(self, seed: int) -> Ending:
        if (opening := self._agent.begin(seed)) is not None:
            self._take(opening, "opening", cut_at=None)
        say: Say | None = self.caller.opens()
        while say is not None:
            self._speak(say)
            answer = self._agent.answer(say.text)
            if not answer.text:
                self._tell(answer)
                self.now_ms += self.caller.patience_s * 1000
                say = self.caller.unanswered()
                if say is None:
                    return "caller" if self.caller.leaving else "gave_up"
                continue
            during = self.caller.during(long=len(answer.text.split()) >= _LONG_WORDS)
            heard = self._take(answer, "turn", cut_at=during.cuts_in_at)
            if answer.over:
                return "agent"
            say = self.caller.answers(heard)
            if say is not None and during.cuts_in_at is not None:
                say = self.caller.cut_short(say)
        return "caller" if self.caller.leaving else "too_long"

    def _speak(self, say: Say) -> None:
        self.now_ms += say.silence_s * 1000
        lasts = len(say.text.split()) * MS_PER_WORD + say.pauses_s * 1000
        self.lines.append(
            Line(
                who="caller",
                text=say.text,
                heard=say.text,
                start_ms=self.now_ms,
                end_ms=self.now_ms + lasts,
                act="interruption" if say.cuts_in else "turn",
                intent=_intent(say),
            )
        )
        self.now_ms += lasts

    def _take(self, answer: Answer, act: str, *, cut_at: float | None) -> str:
        """The answer is heard, up to the share `cut_at`; returns the words of it that are."""
        words = answer.text.split()
        kept = len(words) if cut_at is None else max(1, round(len(words) * cut_at))
        heard = " ".join(words[:kept])
        start = self.now_ms + answer.first_ms
        self.now_ms = start + kept * MS_PER_WORD
        cut = kept < len(words)
        self.lines.append(
            Line(
                who="agent",
                text=answer.text,
                heard=heard,
                start_ms=start,
                end_ms=self.now_ms,
                cut_at_ms=self.now_ms if cut else None,
                act="opening" if act == "opening" else "turn",
                persona=answer.persona,
                scene=answer.scene,
                status="cancelled" if cut else "completed",
                first_ms=None if act == "opening" else answer.first_ms,
            )
        )
        self._agent.heard(heard)
        self._tell(answer)
        return heard

    def _tell(self, answer: Answer) -> None:
        self.events += [Event(at_ms=self.now_ms, name=each.name, data=each.data) for each in answer.told]


def _intent(say: Say) -> str:
    return ":".join((say.intent, *say.facts)) if say.facts else say.intent
