"""Conversations written like a musical score, played under a virtual clock.

    conversation = Conversation()
    conversation.caller_says("what time is it", at_ms=500, for_ms=900)
    conversation.plays_out()
    assert conversation.record == [("caller", "what time is it"), ("agent", "It is nine.")]

The caller's sound, the engines and the listener are simulated; the core under test is real. Every command is
checked against the rules of `rules.py` as it comes.
"""

import heapq
from bisect import bisect_right
from collections.abc import Callable
from itertools import count
from typing import TypeVar

from antiphon.contracts import CLOCK_HZ, Ticks, TurnReport, ms, ticks
from antiphon.dialogue import Dialogue, Policy
from antiphon.dialogue import commands as do
from antiphon.dialogue.events import (
    CallerMeasured,
    CancelRequested,
    ClearRequested,
    CommitRequested,
    EndOfTurnScored,
    Event,
    GenerationEnded,
    PlayoutAcknowledged,
    PolicyChanged,
    PromptBuilt,
    ReplyRequested,
    SpeechReady,
    TextGenerated,
    TimePassed,
    Transcribed,
    VoiceWindow,
    WordsWeighed,
    WorkFailed,
)

from .loudspeaker import Loudspeaker, Sound
from .players import Engines, Players
from .rules import Rules, frozen

WINDOW: Ticks = 768
REPORT: Ticks = ticks(20)

ANSWERS = (
    Transcribed,
    EndOfTurnScored,
    WordsWeighed,
    PromptBuilt,
    TextGenerated,
    GenerationEnded,
    SpeechReady,
    WorkFailed,
)

C = TypeVar("C", bound=do.Command)


class Conversation:
    """One caller, one core, simulated engines and a simulated loudspeaker."""

    def __init__(self, engines: Engines | None = None, *, policy: Policy | None = None) -> None:
        self.dialogue = Dialogue(policy or Policy())
        self.policy = self.first_policy = policy or Policy()
        self.now: Ticks = 0
        self.events: list[tuple[Event, Ticks]] = []
        self.commands: list[tuple[do.Command, Ticks]] = []
        self.rules = Rules()
        self.loudspeaker = Loudspeaker(self._tell)
        self.players = Players(engines or Engines(), self, self._tell)
        self.client_took_part = False
        self.score: list[str] = []
        """What was written, to be read when it goes wrong."""
        self._agenda: list[tuple[Ticks, int, Callable[[], None]]] = []
        self._order = count()
        self._voiced: list[tuple[Ticks, Ticks]] = []
        self._said: list[tuple[Ticks, str]] = []
        """The caller's words, each at its middle, on the session's clock."""
        self._rustling: list[tuple[Ticks, Ticks]] = []
        self._stalls: list[tuple[Ticks, Ticks]] = []
        self._sent: list[Ticks] = []
        """For each window that came over the line, the time it began."""
        self._revision_of: dict[int, int] = {}
        self._texts: dict[int, str | None] = {}
        self._free: Ticks = 0
        self.measures = True
        """Whether the core is told where the voice of a committed turn ended."""
        self._next_window: Ticks = 0
        self._next_report: Ticks = 0

    def __repr__(self) -> str:
        lines = [f"Conversation({self.players.engines}, policy={self.first_policy})", *self.score]
        return "\n  ".join(lines)

    # What the people do.

    def caller_says(self, text: str, *, at_ms: float, for_ms: float) -> None:
        """Speech; a text that ends with an ellipsis sounds unfinished."""
        self.score.append(f"caller_says({text!r}, {at_ms=}, {for_ms=})")
        start, end = ticks(at_ms), ticks(at_ms + for_ms)
        self._voiced.append((start, end))
        words = text.split()
        step = (end - start) / len(words) if words else 0
        self._said += [(start + round((i + 0.5) * step), word) for i, word in enumerate(words)]
        self._said.sort(key=lambda said: said[0])

    def caller_hums(self, text: str, *, at_ms: float, for_ms: float = 350) -> None:
        """Listening words."""
        self.caller_says(text, at_ms=at_ms, for_ms=for_ms)

    def noise(self, *, at_ms: float, for_ms: float) -> None:
        """Something that passes for a voice and holds no words."""
        self.caller_says("", at_ms=at_ms, for_ms=for_ms)

    def rustle(self, *, at_ms: float, for_ms: float) -> None:
        """Something loud that does not pass for a voice."""
        self.score.append(f"rustle({at_ms=}, {for_ms=})")
        self._rustling.append((ticks(at_ms), ticks(at_ms + for_ms)))

    def line_stalls(self, *, at_ms: float, for_ms: float) -> None:
        """No audio comes over the line; what is said meanwhile is lost."""
        self.score.append(f"line_stalls({at_ms=}, {for_ms=})")
        self._stalls.append((ticks(at_ms), ticks(at_ms + for_ms)))

    def client_commits(self, *, at_ms: float) -> None:
        self.score.append(f"client_commits({at_ms=})")
        self.at(at_ms, lambda: self.handle(CommitRequested(self._free, len(self._sent) * WINDOW)))

    def client_clears(self, *, at_ms: float) -> None:
        self.score.append(f"client_clears({at_ms=})")
        self.at(at_ms, lambda: self.handle(ClearRequested()))

    def client_asks(self, *, at_ms: float, speak: bool = True) -> None:
        """A typed message, or a request for a reply to what was said."""
        self.score.append(f"client_asks({at_ms=}, {speak=})")
        self.at(at_ms, lambda: self.handle(ReplyRequested(speak)))

    def client_cancels(self, *, at_ms: float) -> None:
        self.score.append(f"client_cancels({at_ms=})")
        self.at(at_ms, lambda: self.handle(CancelRequested()))

    def client_acknowledges(self, turn: int, *, at_ms: float) -> None:
        self.at(at_ms, lambda: self.handle(PlayoutAcknowledged(turn, self.now)))

    def policy_becomes(self, policy: Policy, *, at_ms: float) -> None:
        self.score.append(f"policy_becomes({policy}, {at_ms=})")

        def change() -> None:
            self.policy = policy
            self.handle(PolicyChanged(policy))

        self.at(at_ms, change)

    # Time.

    def at(self, at_ms: float, what: Callable[[], None]) -> None:
        self._push(ticks(at_ms), what)

    def runs_until(self, at_ms: float) -> None:
        while (due := self._due()) <= ticks(at_ms):
            self._step(due)

    def runs_while(self, condition: Callable[[], bool], *, at_most_ms: float = 100_000) -> float:
        """Play on while `condition` holds; returns the time."""
        stop = self.now + ticks(at_most_ms)
        while condition():
            assert self.now < stop, "the conversation hangs"
            self._step(self._due())
        return ms(self.now)

    def agent_begins(self) -> float:
        """Play on to the agent's next sound; returns the time it began."""
        sounds = len(self.loudspeaker.sounds)
        while len(self.loudspeaker.sounds) == sounds:
            assert self.now < 100 * CLOCK_HZ, "the agent is silent"
            self._step(self._due())
        return ms(self.loudspeaker.sounds[sounds].start)

    def plays_out(self, *, at_most_ms: float = 300_000) -> None:
        """Play on until everybody is silent, nothing is waited for, and nothing is still to come."""
        self.runs_while(
            lambda: bool(self._agenda) or self.dialogue.deadline is not None or self._speaking(),
            at_most_ms=at_most_ms,
        )
        self.rules.at_the_end(self.now)

    def handle(self, event: Event) -> list[do.Command]:
        """Tell the core, and do what it says."""
        self.events.append((event, self.now))
        dead = isinstance(event, ANSWERS) and self.rules.is_dead(event.turn, event.revision)
        before = frozen(self.dialogue) if dead else None
        commands = self.dialogue.handle(event, self.now)
        if dead:
            assert not commands, "an answer to a dead revision has consequences"
            assert frozen(self.dialogue) == before, "an answer to a dead revision leaves a trace"
        for command in commands:
            self.commands.append((command, self.now))
            self.rules.check(command, self.now)
            self._perform(command)
        return commands

    # What came of it.

    def all(self, kind: type[C]) -> list[C]:
        return [command for command, _ in self.commands if isinstance(command, kind)]

    def when(self, kind: type[do.Command], turn: int | None = None) -> float:
        """The time, in milliseconds, of the first such command."""
        return next(
            ms(at)
            for command, at in self.commands
            if isinstance(command, kind) and turn in (None, getattr(command, "turn", None))
        )

    @property
    def record(self) -> list[tuple[str, str]]:
        """Who said what, in the order of the record; words never made out are "?"."""
        settled = {command.turn: command.text for command in self.all(do.SettleCallerWords)}
        record: list[tuple[str, str]] = []
        for command, _ in self.commands:
            if isinstance(command, do.CommitCallerAudio):
                text = settled.get(command.turn)
                record.append(("caller", "?" if text is None else text))
            elif isinstance(command, do.EndReply):
                record.append(("agent", command.heard))
        return record

    @property
    def words_said(self) -> list[str]:
        return [word.replace("…", "") for _, word in self._said]

    @property
    def announcements(self) -> list[str]:
        """What a client is told, in order: "speech 1", "silence 1", "reply 1", "completed 1"."""
        told: list[str] = []
        for command, _ in self.commands:
            match command:
                case do.AnnounceSpeech(turn=turn):
                    told.append(f"speech {turn}")
                case do.AnnounceSilence(turn=turn):
                    told.append(f"silence {turn}")
                case do.StartReply(turn=turn):
                    told.append(f"reply {turn}")
                case do.EndReply(turn=turn, status=status):
                    told.append(f"{status} {turn}")
                case _:
                    pass
        return told

    @property
    def outcomes(self) -> list[tuple[int, str]]:
        return [(report.turn, report.outcome) for report in self.reports]

    @property
    def reports(self) -> list[TurnReport]:
        return [command.report for command in self.all(do.EndTurn)]

    @property
    def replies(self) -> list[do.EndReply]:
        return self.all(do.EndReply)

    @property
    def sounds(self) -> list[Sound]:
        return self.loudspeaker.sounds

    def silent_from(self, turn: int) -> float:
        """When the last sample of the reply to `turn` sounded, in milliseconds."""
        return ms(max(sound.end for sound in self.sounds if sound.turn == turn))

    # The line: what the engines may hear.

    def unfinished(self, words: str) -> bool:
        last = words.rsplit(maxsplit=1)[-1]
        return any(word == f"{last}…" for _, word in self._said)

    def words_between(self, start: Ticks, end: Ticks) -> str:
        return " ".join(word for at, word in self._said if self._came(at, start, end))

    def transcript(self, start: Ticks, end: Ticks) -> str:
        """What a transcriber makes of it."""
        return self.words_between(start, end).replace("…", "")

    def last_voiced_between(self, start: Ticks, end: Ticks) -> Ticks | None:
        last: Ticks | None = None
        for window in range(start // WINDOW, min(-(-end // WINDOW), len(self._sent))):
            began = self._sent[window]
            voiced = [min(e, began + WINDOW) for s, e in self._voiced if s < began + WINDOW and e > began]
            last = max(voiced, default=last)
        return last

    def _came(self, at: Ticks, start: Ticks, end: Ticks) -> bool:
        window = bisect_right(self._sent, at) - 1
        if window < 0 or at >= self._sent[window] + WINDOW:
            return False
        return start <= window * WINDOW + at - self._sent[window] < end

    # The works.

    def _speaking(self) -> bool:
        return any(end + ticks(200) > self.now for _, end in self._voiced)

    def _tell(self, event: Event, delay: Ticks) -> None:
        key = (getattr(event, "turn", 0), getattr(event, "revision", 0))

        def deliver() -> None:
            if not (self.players.engines.obeys and key in self.players.cancelled):
                self.handle(event)

        self._push(self.now + delay, deliver)

    def _push(self, at: Ticks, what: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (max(at, self.now), next(self._order), what))

    def _due(self) -> Ticks:
        due = [self._next_window + WINDOW, self._next_report]
        if self._agenda:
            due.append(self._agenda[0][0])
        if (deadline := self.dialogue.deadline) is not None:
            due.append(deadline)
        return max(self.now, min(due))

    def _step(self, now: Ticks) -> None:
        self.now = now
        deadline = self.dialogue.deadline
        if self._agenda and self._agenda[0][0] <= now:
            heapq.heappop(self._agenda)[2]()
        elif self._next_report <= now:
            self._next_report += REPORT
            self.loudspeaker.tick(now)
        elif self._next_window + WINDOW <= now:
            self._window()
        elif deadline is not None and deadline <= now:
            self.handle(TimePassed())
            again = self.dialogue.deadline
            assert again is None or again > now, "the core asks for the same moment again"

    def _window(self) -> None:
        began, self._next_window = self._next_window, self._next_window + WINDOW
        middle = began + WINDOW // 2
        if any(start <= middle < end for start, end in self._stalls):
            return
        voiced = any(start <= middle < end for start, end in self._voiced)
        position = len(self._sent) * WINDOW
        self._sent.append(began)
        quiet_db = -30.0 if any(start <= middle < end for start, end in self._rustling) else -70.0
        heard = (0.95, -20.0) if voiced else (0.02, quiet_db)
        self.handle(VoiceWindow(position, position + WINDOW, *heard))

    def _perform(self, command: do.Command) -> None:
        match command:
            case do.Transcribe() | do.ListenAhead():
                self.players.transcribe(command, self.now)
            case do.ScoreEndOfTurn():
                self.players.score(command, self.now)
            case do.Generate():
                self._revision_of[command.turn] = command.revision
                self.players.generate(command, self.now)
            case do.Synthesize():
                self.players.synthesize(command, self.now)
            case do.CancelWork():
                self.players.cancelled.add((command.turn, command.revision))
            case do.Play():
                key = (command.turn, self._revision_of[command.turn], command.clause, command.chunk)
                self.loudspeaker.play(command.turn, *self.players.chunks[key], self.now)
            case do.PausePlayout():
                self.loudspeaker.pause(command.turn, self.now)
            case do.ResumePlayout():
                self.loudspeaker.resume(command.turn, self.now)
            case do.FlushPlayout():
                self.loudspeaker.flush(command.turn, self.now)
            case do.CommitCallerAudio():
                self._free = command.end
                voiced_at = self.last_voiced_between(command.start, command.end)
                if voiced_at is not None and self.measures:
                    self._tell(CallerMeasured(command.turn, voiced_at), ticks(5))
            case _:
                pass
