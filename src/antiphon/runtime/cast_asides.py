"""What is thought about a cast's conversation beside the answer: on the embedder's lane, told on the loop."""

import asyncio
from collections.abc import Callable
from functools import partial

from antiphon.runtime.casting import Staged
from antiphon.runtime.lanes import Lane, post
from antiphon.samp.ahead import taken_for
from antiphon.samp.commands import Command
from antiphon.samp.deciding import Decision
from antiphon.samp.state import State, open_tasks


def decide_aside(
    staged: Staged, lane: Lane, state: State, said: tuple[int, str], decided: Callable[[Decision], None]
) -> None:
    """What is to be made of a turn, its number and its words, that nobody may answer."""
    loop = asyncio.get_running_loop()

    def work() -> None:
        future = taken_for(staged.cast, staged.decider, state, *said, today=staged.today())
        post(loop, partial(decided, future.decision))

    lane.submit(work)


def tick_aside(staged: Staged, lane: Lane, state: State, done: Callable[[tuple[Command, ...]], None]) -> None:
    """Which tasks of the scene the agent's last words have done; `done` is told of some, never of none."""
    scene = state.place.scene
    if not any(task.do for task in open_tasks(staged.cast, scene, state)):
        return
    loop = asyncio.get_running_loop()

    def work() -> None:
        ticks = staged.decider.done_tasks(state)
        if ticks:
            post(loop, partial(done, ticks))

    lane.submit(work)
