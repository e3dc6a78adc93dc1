"""The answers of a cast that are under way: of each turn which revision is wanted, its plan, how far it came.

Plans come from the language model's lane, everything else from the loop.
"""

from collections.abc import Mapping
from typing import Any

from antiphon.runtime.cast_answer import Account, Plan
from antiphon.samp.state import State

STARTED_KEPT = 8
"""Turns of which it is remembered who had the floor: what a prompt came to is known late."""


class Answers:
    """What is known of the answer to each turn, from the request for it until the turn has ended."""

    def __init__(self) -> None:
        self._plans: dict[int, Plan] = {}
        """Of each turn, the plan of its newest revision."""
        self._said: dict[int, str] = {}
        """What was generated under that plan."""
        self._complete: set[int] = set()
        """Turns whose answer is all generated."""
        self._wanted: dict[int, int] = {}
        """Of each turn, the revision whose answer is wanted."""
        self._started: dict[int, int] = {}
        """Of the last turns whose answer had the floor, the revision that had it."""
        self._accounts: dict[int, Account] = {}

    def want(self, turn: int, revision: int) -> None:
        """This revision is to be answered, and no other one."""
        self.forget(turn)
        self._wanted[turn] = revision

    @property
    def any_wanted(self) -> bool:
        """Whether an answer is being made."""
        return bool(self._wanted)

    @property
    def any_waiting(self) -> bool:
        """Whether one is being made that does not sound yet."""
        return any(self._started.get(turn) != revision for turn, revision in self._wanted.items())

    def keep(self, plan: Plan) -> None:
        """It was planned so, unless that is not wanted any more. Called on the language model's lane."""
        if self._wanted.get(plan.turn) == plan.revision:
            self._plans[plan.turn] = plan

    def plan(self, turn: int) -> Plan | None:
        """The plan of the turn's newest revision."""
        return self._plans.get(turn)

    def generated(self, turn: int, text: str) -> None:
        """More of the answer."""
        self._said[turn] = self._said.get(turn, "") + text

    def completed(self, turn: int) -> None:
        """All of the answer is generated."""
        self._complete.add(turn)

    def said(self, turn: int) -> str:
        """What was generated so far."""
        return self._said.get(turn, "").strip()

    def started(self, turn: int) -> None:
        """The answer has the floor."""
        self._started[turn] = self._wanted.get(turn, 0)
        while len(self._started) > STARTED_KEPT:
            del self._started[next(iter(self._started))]

    def sounding_whole(self, turn: int) -> Plan | None:
        """The plan of an answer that has the floor and is all generated."""
        return self._plans.get(turn) if turn in self._complete and turn in self._started else None

    def waiting_for_another(self, state: State, *, but: int | None) -> bool:
        """Whether an answer that has not begun to sound was made for another state; `but`: never mind it."""
        return any(
            turn != but and turn not in self._started and plan.base is not state
            for turn, plan in tuple(self._plans.items())  # the lane may add one meanwhile
        )

    def accounted(self, made: Account) -> None:
        """What the prompt of an answer came to."""
        turn, revision = made.plan.turn, made.plan.revision
        if revision in (self._wanted.get(turn), self._started.get(turn)):
            self._accounts[turn] = made

    def take_account(self, turn: int) -> Account | None:
        """What the prompt of an answer that has the floor came to; told once."""
        made = self._accounts.get(turn)
        if made is None or self._started.get(turn) != made.plan.revision:
            return None
        return self._accounts.pop(turn)

    def forget(self, turn: int) -> None:
        """The turn has ended, or is answered anew."""
        self._plans.pop(turn, None)
        self._wanted.pop(turn, None)
        self._accounts.pop(turn, None)
        self._said.pop(turn, None)
        self._complete.discard(turn)

    def close(self) -> None:
        """No answer is wanted any more, and none is told of."""
        self._wanted.clear()
        self._started.clear()


def came_to_nothing(ended: Mapping[str, Any]) -> bool:
    """Whether nothing of a reply was heard, and neither a caller who spoke nor a crash was the reason."""
    return not ended["heard"] and (ended["status"] != "cancelled" or ended["reason"] == "client_cancelled")
