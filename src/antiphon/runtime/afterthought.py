"""Reflective work of the language model, put on its lane: when nobody wants anything else."""

import asyncio
from collections.abc import Callable
from functools import partial

from antiphon.contracts import Busy, Cancel
from antiphon.runtime import reflective
from antiphon.runtime.lanes import post
from antiphon.runtime.parts import Parts
from antiphon.runtime.scheduler import REFLECTIVE


def think(parts: Parts, pauses: reflective.Pauses, cancel: Cancel, failed: Callable[[str], None]) -> None:
    """Have `pauses` worked through, unless `cancel` is raised; `failed` is told on this loop why not."""
    loop = asyncio.get_running_loop()
    stretch = reflective.in_stretches(pauses)

    def call() -> bool:
        try:
            return stretch()
        except Exception as error:
            post(loop, partial(failed, f"{type(error).__name__}: {error}"))
            return False

    gives_way = reflective.way_for(parts.language_model, parts.demand)
    try:
        parts.lanes["language_model"].submit(call, cancel, priority=REFLECTIVE, gives_way=gives_way)
    except Busy as error:
        failed(str(error))
