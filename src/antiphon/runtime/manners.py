"""Listening to one's own answers: whose manner do they show? On the model's lane, as reflective work.

What is asked and what follows is `samp.drift`'s. It is asked while the answer sounds, and gives way within
a token; only the newest answer is listened to. Nothing is proposed while another answer waits, which it
would void.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from threading import Event as Flag

from antiphon.contracts import Prompt
from antiphon.runtime import reflective
from antiphon.runtime.afterthought import think
from antiphon.runtime.lanes import nobody, post
from antiphon.runtime.parts import Parts
from antiphon.samp.cast import Cast
from antiphon.samp.commands import Proposal, Renew
from antiphon.samp.drift import ANSWERS, listening, shares, sounds_like_another
from antiphon.samp.handover import without_taking_over
from antiphon.samp.state import State


class Manners:
    """Listens to one conversation's answers. Methods run on the event loop's thread.

    `propose` is called there when a card is to be renewed; `failed` with a sentence when that fails.
    """

    def __init__(
        self,
        cast: Cast,
        parts: Parts,
        *,
        propose: Callable[[Proposal], object],
        failed: Callable[[str], None],
    ) -> None:
        self._cast, self._parts, self._propose, self._failed = cast, parts, propose, failed
        self._loop = asyncio.get_running_loop()
        self._cancel = Flag()
        self._priors: tuple[float, ...] = ()
        """What is named when nothing was said. Touched on the lane only."""
        self._strange: dict[str, int] = {}
        """Of each persona, how many answers on end sounded like somebody else."""

    def answered(self, state: State, persona: str, words: str) -> None:
        """`persona` says `words`, which the model made."""
        model = self._parts.language_model
        if "score" not in model.card.capabilities or len(self._cast.personas) < 2 or not words.strip():
            return
        words = without_taking_over(self._cast, persona, words)
        self._cancel.set()
        cancel = self._cancel = Flag()
        think(
            self._parts,
            self._listen(state, persona, words, cancel),
            cancel,
            self._failed,
        )

    def close(self) -> None:
        """Listen no more, and tell nobody."""
        self._cancel.set()
        self._propose = self._failed = nobody

    def _listen(self, state: State, persona: str, words: str, cancel: Flag) -> reflective.Pauses:
        asked = listening(self._cast, words)
        heard: list[tuple[float, ...]] = []

        def choose(prompt: Prompt, tell: Callable[[tuple[float, ...]], None]) -> reflective.Pauses:
            model, demand = self._parts.language_model, self._parts.demand
            yield from reflective.choose(
                model,
                prompt,
                asked.options,
                demand=demand,
                cancel=cancel,
                tell=lambda each: tell(tuple(each)),
            )

        if not self._priors:
            yield from choose(asked.prior, lambda each: setattr(self, "_priors", each))
        yield from choose(asked.prompt, heard.append)
        if self._priors and heard and not cancel.is_set():
            strange = sounds_like_another(shares(asked, heard[0], self._priors), persona)
            post(self._loop, partial(self._heard, state, persona, strange))

    def _heard(self, state: State, persona: str, strange: bool) -> None:
        count = self._strange[persona] = self._strange.get(persona, 0) + 1 if strange else 0
        if count >= ANSWERS:
            self._strange[persona] = 0
            name = f"renew-{persona}-{state.turn}"
            self._propose(
                Proposal(
                    id=name, base=state.version, turn=state.turn, by="reflective", command=Renew(persona)
                )
            )
