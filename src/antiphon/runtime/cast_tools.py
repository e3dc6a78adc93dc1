"""A conversation's calls of tools: written down before they begin, run aside, told when they end."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal

from antiphon.runtime.events import SessionEvent, ToolCalled
from antiphon.runtime.lanes import Lane, post
from antiphon.runtime.toolbox import Outcome, Toolbox
from antiphon.samp.fold import TOOL_CALLED
from antiphon.samp.state import State
from antiphon.samp.tools import Call


class CastTools:
    """Runs the tools of one conversation. `take` is told each entry that was written, `emit` each fact."""

    def __init__(
        self,
        tools: Toolbox | None,
        journal: Lane,
        *,
        write: Callable[[str, Mapping[str, Any]], None],
        emit: Callable[[SessionEvent], None],
    ) -> None:
        self._tools, self._journal, self._write, self._emit = tools, journal, write, emit
        self._loop = asyncio.get_running_loop()

    def begin(self, call: Call) -> None:
        """Write down that it begins, and once that is on the disk, let it begin."""
        self._note(call, "running", "", None)
        tools = self._tools
        if tools is None:
            self._ended(call, Outcome("failed", "nothing can be done here", 0.0))
            return
        start = partial(tools.call, call.tool, call.arguments, partial(self._ended, call))
        # What was written down before goes first on this lane.
        self._journal.submit(lambda: post(self._loop, start))

    def lost(self, state: State) -> None:
        """Give up the calls that were running when the process ended: nobody knows what came of them."""
        for each in state.called:
            if each.status == "running":
                call = Call(each.id, each.tool, each.turn, {})
                self._ended(call, Outcome("failed", "it is not known whether it was done", 0.0))

    def _ended(self, call: Call, outcome: Outcome) -> None:
        self._note(call, outcome.status, outcome.text, outcome.ms)

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
