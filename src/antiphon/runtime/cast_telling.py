"""What a conversation with a cast tells of itself: entries of the journal, facts for who watches. Pure."""

from hashlib import sha256
from typing import Any

import msgspec

from antiphon.contracts import Prompt
from antiphon.runtime.cast_answer import Account
from antiphon.runtime.events import CheckMark, Moved, PromptCompiled, PromptSection, SlotFilled, StateChanged
from antiphon.samp import Cast
from antiphon.samp.cast import Task
from antiphon.samp.deciding import Decision
from antiphon.samp.state import State, encoded, is_done, values


def state_digest(state: State) -> str:
    """What tells this state from every other one: SHA-256 over its values, in hexadecimal."""
    return sha256(encoded(state)).hexdigest()


def prompt_digest(prompt: Prompt) -> str:
    """The same of a prompt."""
    return sha256(msgspec.json.encode(prompt, order="sorted")).hexdigest()


def state_entry(state: State) -> dict[str, Any]:
    """The body of `state_settled`."""
    place = state.place
    return {
        "turn": state.turn,
        "version": state.version,
        "scene": place.scene,
        "persona": place.persona,
        "digest": state_digest(state),
    }


def prompt_entry(made: Account) -> dict[str, Any]:
    """The body of `prompt_compiled`: what the prompt is made of, and enough to make it again."""
    plan = made.plan
    assert plan.draft is not None
    return {
        "turn": plan.turn,
        "state": state_digest(plan.state),
        # For the case that something else came between, and the state it was made for never was.
        "thought_of": {
            "state": state_digest(plan.base),
            "text": plan.words or "",
            "commands": [] if plan.decision is None else msgspec.to_builtins(plan.decision.commands),
        },
        "first_turn": plan.draft.first_turn,
        "spared": plan.draft.spared,
        "facts": msgspec.to_builtins(plan.facts),
        "verbatim": plan.verbatim,
        "digest": prompt_digest(made.prompt),
        "tokens": made.tokens,
        "evaluated_tokens": _evaluated(made),
        "sections": [
            {"name": part.name, "tokens": part.tokens, "left_out": part.left_out} for part in made.sections
        ],
    }


def compiled(made: Account) -> PromptCompiled:
    """The same as a fact."""
    cached = made.usage.cached_tokens if made.usage is not None else 0
    passed = 0
    sections: list[PromptSection] = []
    for part in made.sections:
        passed += part.tokens
        sections.append(PromptSection(part.name, part.tokens, passed <= cached))
    return PromptCompiled(
        turn=made.plan.turn,
        sections=tuple(sections),
        tokens=made.tokens,
        evaluated_tokens=_evaluated(made),
        text="\n\n".join(f"{message.role}: {message.content}" for message in made.prompt.messages),
    )


def state_changed(cast: Cast, state: State, before: State | None, *, by: str, why: str) -> StateChanged:
    """Where the conversation is, and how it came there when `before` was elsewhere."""
    place, known = state.place, values(state)
    moved = None
    if before is not None and before.place != place:
        elsewhere = before.place.scene != place.scene
        origin, to = (before.place.scene, place.scene) if elsewhere else (before.place.persona, place.persona)
        moved = Moved(origin, to, by, why)
    return StateChanged(
        turn=state.turn,
        version=state.version,
        scene=place.scene,
        persona=place.persona,
        voice=cast.personas[place.persona].voice,
        checklist=tuple(
            CheckMark(
                task.ask or task.do, _label(cast, task), is_done(task, place.scene, known, state.ticked)
            )
            for task in cast.scenes[place.scene].checklist
        ),
        slots=tuple(SlotFilled(name, known.get(name)) for name in cast.slots),
        moved=moved,
    )


def _label(cast: Cast, task: Task) -> str:
    return cast.slots[task.ask].about if task.ask else task.do


def _evaluated(made: Account) -> int | None:
    return None if made.usage is None else made.usage.prompt_tokens - made.usage.cached_tokens


def why(decision: Decision | None) -> str:
    """By what a turn was led where it was."""
    if decision is None or not decision.likely:
        return ""
    best = decision.likely[0]
    return f"{best.option.key} {best.probability:.2f}"
