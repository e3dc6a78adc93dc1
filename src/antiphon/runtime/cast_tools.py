"""A conversation's calls of tools: written down before they begin, run aside, told when they end.

A tool that changes nothing may run ahead, while the turn that needs it is only guessed. Nothing is written
down of that. The turn that is committed takes what came of it as if it had run then; for any other turn it is
forgotten. A tool that changes something never does.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal

import msgspec

from antiphon.runtime.events import SessionEvent, ToolCalled
from antiphon.runtime.lanes import nobody, post
from antiphon.runtime.toolbox import Outcome, Toolbox
from antiphon.samp import Cast
from antiphon.samp.ahead import Imagined, looked_up
from antiphon.samp.fold import TOOL_CALLED
from antiphon.samp.state import State
from antiphon.samp.tools import UNKNOWN, Call, due

AHEAD_MAX = 4
"""Lookups that may be made for a turn that is only guessed; it is guessed anew with every word."""


class _Ahead(msgspec.Struct):
    """A call that was made for a turn that was only guessed."""

    turn: int
    outcome: Outcome | None = None
    """None: it still runs."""
    wanted: bool = False
    """Whether the turn was committed meanwhile."""


class CastTools:
    """Runs the tools of one conversation.

    `write` takes each entry, `emit` each fact; `written` tells whether all that was written by now is on the
    disk, once it is known. `came` is told when something is known that an answer on a guess had not.
    """

    def __init__(
        self,
        tools: Toolbox | None,
        *,
        written: Callable[[Callable[[bool], None]], None],
        write: Callable[[str, Mapping[str, Any]], None],
        emit: Callable[[SessionEvent], None],
        came: Callable[[], None],
    ) -> None:
        self._tools, self._written, self._write, self._emit = tools, written, write, emit
        self._came = came
        self._ahead: dict[str, _Ahead] = {}
        """By call. Written on the loop only; any thread may read it."""
        self._going: set[str] = set()
        """Calls that were begun and have not ended."""
        self._closed = False
        self._loop = asyncio.get_running_loop()

    @property
    def run(self) -> bool:
        """Whether one was begun and has not ended."""
        return bool(self._going)

    def foresee(self, cast: Cast, state: State, future: Imagined) -> Imagined:
        """Let the lookups run that this guessed turn needs, and add what is known of them. Any thread."""
        calls = due(cast, state, future.state, future.decision.commands)
        lookups = [call for call in calls if not cast.tools[call.tool].changes]
        new = [call for call in lookups if call.id not in self._ahead]
        if new and self._tools is not None:
            post(self._loop, partial(self._run_ahead, new))
        known = [(call, made.outcome.text) for call in lookups if (made := self._made(call)) and made.outcome]
        return looked_up(cast, future, known) if len(known) == len(calls) else future

    def settled(self, turn: int) -> None:
        """What `turn` needed is begun: whatever else ran ahead for it is not wanted."""
        self._ahead = {name: made for name, made in self._ahead.items() if made.wanted or made.turn > turn}

    def begin(self, call: Call) -> None:
        """Write down that it begins, and once that is on the disk, let it, unless it runs by now.

        What could not be written down is not done: nobody would know of it afterwards.
        """
        self._going.add(call.id)
        self._note(call, "running", "", None)
        made = self._made(call)
        if made is not None:
            made.wanted = True
            if made.outcome is not None:
                del self._ahead[call.id]
                self._ended(call, made.outcome)
            return
        tools = self._tools
        if tools is None:
            self._ended(call, Outcome("failed", "nothing can be done here", 0.0))
            return
        start = partial(tools.call, call.tool, call.arguments, partial(self._ended, call))
        refused = partial(self._ended, call, Outcome("failed", "it could not be written down", 0.0))
        self._written(lambda kept: start() if kept else refused())

    def close(self) -> None:
        """Nothing is guessed any more. What was begun goes on, and its end is written down; then let go."""
        self._closed = True
        self._ahead = {name: made for name, made in self._ahead.items() if made.wanted}
        self._emit = self._came = nobody
        self._let_go()

    def _let_go(self) -> None:
        if self._closed and not self._going:
            self._write = nobody

    def lost(self, state: State) -> None:
        """Give up the calls that were running when the conversation ended: nobody knows what came of them."""
        for each in state.called:
            if each.status == "running":
                call = Call(each.id, each.tool, each.turn, {})
                self._ended(call, Outcome("failed", UNKNOWN, 0.0))

    def _made(self, call: Call) -> _Ahead | None:
        made = self._ahead.get(call.id)
        return made if made is not None and made.turn == call.turn else None

    def _run_ahead(self, calls: Sequence[Call]) -> None:
        for call in calls:
            if self._tools is None or call.id in self._ahead or len(self._ahead) >= AHEAD_MAX:
                continue
            made = self._ahead[call.id] = _Ahead(call.turn)
            self._tools.call(call.tool, call.arguments, partial(self._ran_ahead, call, made))

    def _ran_ahead(self, call: Call, made: _Ahead, outcome: Outcome) -> None:
        if self._ahead.get(call.id) is not made:
            return
        if made.wanted:
            del self._ahead[call.id]
            self._ended(call, outcome)
        elif outcome.status == "done":
            made.outcome = outcome
            self._came()
        else:
            del self._ahead[call.id]  # it is tried again when the turn is certain

    def _ended(self, call: Call, outcome: Outcome) -> None:
        self._going.discard(call.id)
        self._note(call, outcome.status, outcome.text, outcome.ms)
        self._let_go()

    def _note(
        self, call: Call, status: Literal["running", "done", "failed"], text: str, ms: float | None
    ) -> None:
        body = {
            "id": call.id,
            "tool": call.tool,
            "turn": call.turn,
            "arguments": call.arguments,
            "status": status,
            "text": text,
            "ms": ms,
        }
        self._emit(
            ToolCalled(
                turn=call.turn,
                name=call.tool,
                arguments=dict(call.arguments),
                result=None if status == "running" else text,
                status=status,
                ms=ms,
            )
        )
        self._write(TOOL_CALLED, body)
