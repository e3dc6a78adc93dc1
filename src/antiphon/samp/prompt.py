"""From the state to a prompt that fits its budget, with an account of every token in it. Pure.

    stable    the occasion, all personas as everybody knows them, how to speak     the same in every prompt
    history   what was said and heard, as far as the persona may know it           grows at its end
    now       who speaks, what only they know, aim, open checklist, facts          changes from turn to turn
    caller    what the caller is saying

So the model's cache holds all but the end, and a change of persona costs no more than the short third part. A
persona's card stands in that part, near the answer: it is renewed with every prompt and cannot fade.
"""

from collections.abc import Callable, Sequence

import msgspec

from antiphon.contracts import ContractBroken, Message, Prompt
from antiphon.samp.cast import Cast
from antiphon.samp.confidence import knows_turn, may_know
from antiphon.samp.handover import without_taking_over
from antiphon.samp.now import Line, now_lines
from antiphon.samp.state import Said, State

Count = Callable[[Prompt | str], int]
"""Counts a text's or a prompt's tokens, exactly."""

KEEP_SHARE = 0.7
"""How much of the budget is filled once old turns were dropped: a stretch at once, for it costs the cache."""
TURNS_KEPT = 4
"""The newest turns, which are dropped only when every line that can be spared is gone."""

ANSWERS_AS = "From here on, answer as"
"""What stands in the history where another one begins to speak."""


class Fact(msgspec.Struct, frozen=True):
    """Something recalled for this answer; the first in a list are worth most."""

    text: str
    told_to: tuple[str, ...] = ()
    """The personas it was told to in confidence; empty when everybody may know it."""


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """What a prompt may cost."""

    tokens: int
    """A hard bound on the whole prompt."""
    ms: float | None = None
    """What reading it may take beyond what the prompt before has left in the cache. It is kept to as long as
    there are lines that can be spared; what an answer cannot do without is read however long it takes."""
    token_ms: float = 0.0
    """How long the model reads one token on this machine."""


class Section(msgspec.Struct, frozen=True):
    """A part of a prompt and what it costs. The tokens of all sections add up to the prompt's."""

    name: str
    """Such as "stable", "history", "now: aim", "caller"."""
    tokens: int
    ms: float
    """To read it anew; 0 when it is in the cache."""
    left_out: int = 0
    """Lines or turns that did not fit."""


class Compiled(msgspec.Struct, frozen=True, kw_only=True):
    """A prompt and its account."""

    prompt: Prompt
    sections: tuple[Section, ...]
    tokens: int
    """Of the whole prompt, as counted."""
    fresh_tokens: int
    """Those that the prompt before has not left in the cache."""
    ms: float
    """The price of the fresh ones."""
    first_turn: int
    """The oldest turn that is in it."""


def compile_prompt(
    cast: Cast,
    state: State,
    *,
    count: Count,
    budget: Budget,
    facts: Sequence[Fact] = (),
    saying: str | None = None,
    before: Compiled | None = None,
) -> Compiled:
    """The prompt for an answer, or for reading ahead while the caller is `saying` something that may go on.

    Args:
        cast: what the conversation is played with.
        state: where it is.
        count: the model's own counter.
        budget: in tokens, in milliseconds, or both.
        facts: what was recalled, best first; what the persona may not know is left out.
        saying: the caller's words so far, when their turn is not committed; the prompt is open then.
        before: the prompt that was read last, whose beginning is in the cache.

    Raises:
        ContractBroken: it does not fit even without all that can be spared.
    """
    draft, tokens = draft_prompt(
        cast,
        state,
        count=count,
        tokens_max=budget.tokens,
        facts=facts,
        saying=saying,
        first_turn=before.first_turn if before else 0,
    )
    reused = _reused(draft, before, count)
    while budget.ms is not None and (tokens - reused) * budget.token_ms > budget.ms:
        spared = draft.without_a_line()
        if spared is None:
            break
        draft = spared
        tokens = count(draft.prompt())
    sections = _account(draft, tokens, reused, count, budget.token_ms)
    return Compiled(
        prompt=draft.prompt(),
        sections=sections,
        tokens=tokens,
        fresh_tokens=tokens - reused,
        ms=(tokens - reused) * budget.token_ms,
        first_turn=draft.first_turn,
    )


def draft_prompt(
    cast: Cast,
    state: State,
    *,
    count: Count,
    tokens_max: int,
    facts: Sequence[Fact] = (),
    saying: str | None = None,
    first_turn: int = 0,
) -> tuple["Draft", int]:
    """A prompt of at most `tokens_max` tokens without its account, and how many it has.

    Raises:
        ContractBroken: as `compile_prompt`.
    """
    draft = _whole(cast, state, facts, saying, first_turn)
    tokens = count(draft.prompt())
    if tokens > tokens_max:
        draft, tokens = _shortened(draft, tokens, tokens_max, count)
    return draft, tokens


def drafted_again(
    cast: Cast, state: State, *, facts: Sequence[Fact], saying: str | None, first_turn: int, spared: int
) -> "Draft":
    """The draft of the same state that began with the same turn and spared as many lines."""
    draft = _whole(cast, state, facts, saying, first_turn)
    for _ in range(spared):
        draft = draft.without_a_line() or draft
    return draft


def _whole(cast: Cast, state: State, facts: Sequence[Fact], saying: str | None, first_turn: int) -> "Draft":
    persona = state.place.persona
    known = tuple(f.text for f in facts if not f.told_to or may_know(cast, persona, f.told_to))
    return Draft(cast, state, saying, now_lines(cast, state, known), first_turn)


class Draft(msgspec.Struct, frozen=True):
    """A prompt in its parts, before anything is accounted for."""

    cast: Cast
    state: State
    saying: str | None
    lines: tuple[Line, ...]
    first_turn: int
    """The oldest turn that is in it."""
    spared: int = 0
    """How many lines it does without."""

    def turns(self) -> list[Said]:
        """What the persona may know of what was said, without the words that are to be answered."""
        state = self.state
        earlier = state.history[:-1] if self._answers_last() else state.history
        return [
            said
            for said in earlier
            if said.turn >= self.first_turn and knows_turn(self.cast, state, state.place.persona, said.turn)
        ]

    def asked(self) -> str:
        """The words to be answered; empty when the agent speaks of its own accord."""
        return self.state.history[-1].text if self._answers_last() else self.saying or ""

    def _answers_last(self) -> bool:
        history = self.state.history
        return self.saying is None and bool(history) and history[-1].role == "caller"

    def messages(self) -> tuple[tuple[Message, ...], tuple[Message, ...], Message, tuple[Message, ...]]:
        """Stable, history, now, caller."""
        now = Message("system", "\n".join(line.text for line in self.lines))
        caller = (Message("user", self.asked()),) if self.asked() else ()
        return (Message("system", stable_text(self.cast)),), _history(self.cast, self.turns()), now, caller

    def prompt(self) -> Prompt:
        """All of it."""
        stable, history, now, caller = self.messages()
        return Prompt((*stable, *history, now, *caller), open=self.saying is not None and bool(caller))

    def account(self, count: Count, *, reused: int = 0, token_ms: float = 0.0) -> tuple[Section, ...]:
        """What each part costs, when so many of the first tokens are in the cache already."""
        return _account(self, count(self.prompt()), reused, count, token_ms)

    def without_a_line(self) -> "Draft | None":
        """Without the line that can best be spared; None when there is none."""
        spare = [line for line in self.lines if line.spare]
        if not spare:
            return None
        worst = max(spare, key=lambda line: line.spare)
        lines = tuple(line for line in self.lines if line is not worst)
        return msgspec.structs.replace(self, lines=lines, spared=self.spared + 1)

    def without_turns(self) -> "Draft | None":
        """Without the older quarter of the turns; None when only the newest are left."""
        turns = sorted({said.turn for said in self.turns()})
        drop = (len(turns) - TURNS_KEPT + 3) // 4
        return None if drop <= 0 else msgspec.structs.replace(self, first_turn=turns[drop])


def stable_text(cast: Cast) -> str:
    """What every prompt of a conversation begins with."""
    cards = "\n".join(f"- {p.name}, {p.role}. {p.manner}" for p in cast.personas.values())
    return (
        f"{cast.about}\n\nYou play these people, one at a time, in a telephone call:\n{cards}\n\n"
        "Answer in one or two short spoken sentences, with no lists, names of speakers or stage directions. "
        "Ask at most one question. Say only what the one you play knows; if they do not know, they say so."
    )


def as_heard(text: str) -> str:
    """What was heard of an answer, with a dash where it was cut off: what looks whole is said again."""
    return text if text.endswith((".", "!", "?", '"')) else f"{text} —"


def _history(cast: Cast, said: Sequence[Said]) -> tuple[Message, ...]:
    messages: list[Message] = []
    speaker = cast.scenes[cast.start].plays
    for each in said:
        if each.role == "agent" and each.persona != speaker and each.persona in cast.personas:
            speaker = each.persona
            messages.append(Message("system", f"{ANSWERS_AS} {cast.personas[speaker].name}."))
        role = "user" if each.role == "caller" else "assistant"
        text = each.text if role == "user" else as_heard(without_taking_over(cast, each.persona, each.text))
        if messages and messages[-1].role == role:
            messages[-1] = Message(role, f"{messages[-1].content} {text}")
        else:
            messages.append(Message(role, text))
    return tuple(messages)


def _shortened(draft: Draft, tokens: int, most: int, count: Count) -> tuple[Draft, int]:
    while tokens > most * KEEP_SHARE and (shorter := draft.without_turns()):
        draft, tokens = shorter, count(shorter.prompt())
    while tokens > most:
        spared = draft.without_a_line()
        if spared is None:
            last = max((said.turn for said in draft.turns()), default=0)
            spared = msgspec.structs.replace(draft, first_turn=last + 1)
            if not draft.turns():
                raise ContractBroken(f"the prompt has {tokens} tokens and its budget is {most}")
        draft, tokens = spared, count(spared.prompt())
    return draft, tokens


def _reused(draft: Draft, before: Compiled | None, count: Count) -> int:
    """How many tokens of the prompt the one before has left in the cache, whole messages only."""
    if before is None:
        return 0
    stable, history, now, _ = draft.messages()
    same: list[Message] = []
    for message, old in zip((*stable, *history, now), before.prompt.messages, strict=False):
        if message != old:
            break
        same.append(message)
    return count(Prompt(tuple(same))) if same else 0


def _account(draft: Draft, tokens: int, reused: int, count: Count, token_ms: float) -> tuple[Section, ...]:
    stable, history, now, caller = draft.messages()
    to_history = count(Prompt((*stable, *history))) if history else count(Prompt(stable))
    to_now = count(Prompt((*stable, *history, now)))
    first = count(Prompt(stable))
    found = [
        ("stable", first, 0),
        (
            "history",
            to_history - first,
            len({s.turn for s in draft.state.history if s.turn < draft.first_turn}),
        ),
    ]
    found += _now_account(draft, to_now - to_history, count)
    found += [("caller", tokens - to_now, 0)] if caller else []
    sections: list[Section] = []
    passed = 0
    for name, each, left_out in found:
        fresh = max(0, passed + each - max(passed, reused))
        sections.append(Section(name, each, fresh * token_ms, left_out))
        passed += each
    return tuple(sections)


def _now_account(draft: Draft, whole: int, count: Count) -> list[tuple[str, int, int]]:
    """Each kind of line in the short part; what the template adds is its own."""
    by_kind: dict[str, int] = {}
    text, passed = "", 0
    for line in draft.lines:
        text = f"{text}\n{line.text}" if text else line.text
        upto = count(text)
        by_kind[line.kind] = by_kind.get(line.kind, 0) + upto - passed
        passed = upto
    found = [(f"now: {kind}", tokens, 0) for kind, tokens in by_kind.items()]
    return [*found, ("now: template", whole - passed, draft.spared)]
