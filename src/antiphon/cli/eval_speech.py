"""One spoken conversation with a running server: a simulated person on a real line, in real time."""

import asyncio
from collections.abc import Collection, Sequence
from time import perf_counter

import msgspec

from antiphon.cli.client import CallFailed, Connection
from antiphon.cli.eval_line import FRAME, Line, Told
from antiphon.cli.exchange import Reply
from antiphon.contracts import CLOCK_HZ, Audio
from antiphon.evals.caller import Caller, During, Say
from antiphon.evals.dice import dice
from antiphon.evals.gate import PLANNED
from antiphon.evals.phrasing import Phrase
from antiphon.evals.records import Act, Ending
from antiphon.evals.scenario import Scenario
from antiphon.evals.voice import Throat

_STEP_S = FRAME / CLOCK_HZ
_GREETING_S = 10.0
_OPENING_S = 4.0
"""So long an agent that plays a cast may take to open; a plain one never does."""
_SETTLES_S = 0.5
"""So long a listener may get used to the noise of the room."""
_REACTION_S = (0.35, 0.8)
_LONGEST_S = 300.0
_CUT_IN_S, _CUT_IN_SPREAD_S = 0.7, 2.0
_MURMUR_S = 1.2
_STILL_TALKS_S = 0.1
"""So much of an answer must be left for a murmur to fall into it."""
_PLANNED_WITHIN_MS = 1500.0


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """A sound of the caller's, as it went onto the line."""

    say: Say | None
    text: str
    act: Act
    start: int
    """Its first sample in all that was sent."""
    end: int
    audio: Audio
    """Without what is heard behind it."""


class SpokenCall:
    """A conversation as it goes on; `ended` says who ended it."""

    def __init__(
        self,
        connection: Connection,
        scenario: Scenario,
        seed: int,
        throat: Throat,
        *,
        opens: bool,
        ending: Collection[str],
        phrase: Phrase | None = None,
    ) -> None:
        self.line = Line(connection, throat.background)
        self.caller = Caller(scenario, seed, phrase)
        self.made: list[Made] = []
        self.planned: list[Told] = []
        self.ended: Ending = "failed"
        self.problem = ""
        self._throat, self._seed, self._opens, self._ending = throat, seed, opens, ending
        self._answered: set[str] = set()

    async def hold(self, session_update: dict[str, object], connection: Connection) -> None:
        """From the first ring to the last word. What breaks on the way is `problem`."""
        listening = asyncio.create_task(self.line.listen())
        try:
            async with asyncio.timeout(_GREETING_S):
                await self.line.greeted.wait()
            await connection.send(session_update)
            streaming = asyncio.create_task(self.line.stream())
            plot = asyncio.create_task(self._plot())
            try:
                async with asyncio.timeout(_LONGEST_S):
                    await asyncio.wait((listening, streaming, plot), return_when=asyncio.FIRST_COMPLETED)
                    if not plot.done():
                        raise CallFailed(connection.hung_up)
                    self.ended = plot.result()
            except TimeoutError:
                self.ended = "too_long"
            finally:
                for task in (streaming, plot):
                    task.cancel()
                await asyncio.gather(streaming, plot, return_exceptions=True)
        except TimeoutError:
            self.problem = "the server took the call and did not greet"
        except CallFailed as error:
            self.problem = str(error)
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            await self.line.close()

    async def _plot(self) -> Ending:
        await self._opening()
        say: Say | None = self.caller.opens()
        while say is not None:
            await self._say(say)
            reply = await self._answer()
            if reply is None:
                say = self.caller.unanswered()
                if say is None:
                    return "caller" if self.caller.leaving else "gave_up"
                continue
            cut, words = await self._hear(reply, self.caller.during(long=True))
            if not cut and self._agent_is_done():
                return "agent"
            say = self.caller.answers(words)
            if say is not None and cut:
                say = self.caller.cut_short(say)
                self._plan(say)
        return "caller" if self.caller.leaving else "too_long"

    async def _opening(self) -> None:
        """Let the agent begin, if it does."""
        until = perf_counter() + (_OPENING_S if self._opens else _SETTLES_S)
        while not self.line.exchange.replies and perf_counter() < until:  # noqa: ASYNC110 - a frame at a time
            await asyncio.sleep(_STEP_S)
        if self.line.exchange.replies:
            reply = await self._sounding(since=0.0, patience_s=_OPENING_S)
            if reply is not None:
                await self._hear(reply, During())

    async def _sounding(self, *, since: float, patience_s: float) -> Reply | None:
        """The first reply not heard yet that sounds after `since`; None, when patience ends.

        As long as one is being made, patience is twice as long.
        """
        began, exchange = perf_counter(), self.line.exchange
        while True:
            if (reply := self._fresh(since)) is not None:
                return reply
            under_way = any(reply.ended_at is None for reply in exchange.replies)
            if perf_counter() - began > patience_s * (2 if under_way else 1):
                return None
            await asyncio.sleep(_STEP_S)

    def _fresh(self, since: float) -> Reply | None:
        for reply in self.line.exchange.replies:
            fresh = reply.id not in self._answered and reply.heard_at is not None
            if fresh and self._last_sound(reply) > since:
                return reply
        return None

    async def _say(self, say: Say) -> None:
        """Say it; who was about to wonder whether anybody is there does not, once somebody speaks."""
        audio = await asyncio.to_thread(self._throat.says, say)
        if say.silence_s:
            await asyncio.sleep(say.silence_s)
        if say.intent == "wonders" and self._fresh(self._said_at()) is not None:
            return
        self._put(audio, say, say.text, "interruption" if say.cuts_in else "turn")
        while self.line.speaking:  # noqa: ASYNC110 - as above
            await asyncio.sleep(_STEP_S)

    def _put(self, audio: Audio, say: Say | None, text: str, act: Act) -> None:
        start = self.line.speak(audio)
        self.made.append(Made(say=say, text=text, act=act, start=start, end=start + len(audio), audio=audio))

    async def _answer(self) -> Reply | None:
        """What answers the turn that was just said."""
        return await self._sounding(since=self._said_at(), patience_s=self.caller.patience_s)

    def _said_at(self) -> float:
        """When the turn that was said last was over."""
        exchange = self.line.exchange
        return exchange.sent_at(min(self.made[-1].end, exchange.sent_samples) - 1)

    async def _hear(self, reply: Reply, during: During) -> tuple[bool, str]:
        """Listen until the answer is over, and any that follows at once.

        Returns whether the caller is cutting into it, and all the words that were heard.
        """
        self._answered.add(reply.id)
        answers = [reply]
        began, exchange = reply.heard_at or perf_counter(), self.line.exchange
        cut_at = (
            None if during.cuts_in_at is None else began + _CUT_IN_S + _CUT_IN_SPREAD_S * during.cuts_in_at
        )
        aside_at = began + _MURMUR_S if during.backchannel or during.noise else None
        low, high = _REACTION_S
        waits_s = low + (high - low) * dice(self._seed, "reaction", len(self.made)).random()
        while True:
            now = perf_counter()
            if exchange.quiet(now):
                over = max(exchange.loudspeaker.busy_until, reply.ended_at or now)
                if now - over >= waits_s:
                    return False, self._words(answers)
            elif aside_at is not None and now >= aside_at:
                aside_at = None
                await self._aside(during)
            elif cut_at is not None and now >= cut_at and reply.ended_at is None:
                return True, self._words(answers)
            for later in exchange.replies:
                if later.heard_at is not None and later.id not in self._answered:
                    self._answered.add(later.id)
                    answers.append(later)
                    reply = later
            await asyncio.sleep(_STEP_S)

    def _words(self, answers: Sequence[Reply]) -> str:
        now = perf_counter()
        return " ".join(words for each in answers if (words := self.line.words_heard(each, now)))

    async def _aside(self, during: During) -> None:
        """Murmured into an answer; into silence it would be a turn, which nobody has planned."""
        if during.backchannel:
            audio = await asyncio.to_thread(self._throat.murmurs, during.backchannel)
            if self.line.exchange.loudspeaker.busy_until < perf_counter() + _STILL_TALKS_S:
                return
            self._put(audio, None, during.backchannel, "backchannel")
        else:
            self._put(self._throat.noise(during.noise), None, during.noise, "noise")

    def _plan(self, say: Say) -> None:
        now = perf_counter()
        by = (now - self.line.exchange.origin) * 1000 + _PLANNED_WITHIN_MS
        self.planned.append(Told(now, PLANNED, {"act": "interruption", "by_ms": by, "says": say.text}))

    def _agent_is_done(self) -> bool:
        """Whether a scene that ends has nothing left to ask."""
        state = next((told.data for told in reversed(self.line.told) if told.name == "state"), None)
        if state is None or state.get("scene") not in self._ending:
            return False
        return all(entry.get("done") for entry in state.get("checklist", ()))

    def _last_sound(self, reply: Reply) -> float:
        played = [
            each.ends_at for each in self.line.exchange.loudspeaker.played if each.item_id in reply.items
        ]
        return max(played, default=0.0)
