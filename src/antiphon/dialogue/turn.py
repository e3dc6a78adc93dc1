"""One turn and the reply to it, as data. The rules that change them are in `core`."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from antiphon.contracts import Ticks, ToolCall, Usage
from antiphon.dialogue.clauses import ClauseCutter
from antiphon.dialogue.events import HeardAhead, Timing
from antiphon.dialogue.ledger import Ledger

Ending: TypeAlias = Literal["", "turn_detected", "client_cancelled", "engine_broken"]
"""Why a reply stops before its end; empty while it may go on."""


@dataclass(slots=True)
class Marks:
    """When things happened on the way to the first sound, on the session's clock."""

    last_voiced_at: Ticks | None = None
    confirmed_at: Ticks | None = None
    transcription: Timing | None = None
    transcribed_at: Ticks | None = None
    """When the core was told of it: between the two it waited for the event loop."""
    context: Timing | None = None
    first_token: Timing | None = None
    first_clause_at: Ticks | None = None
    synthesis: Timing | None = None
    synthesized_at: Ticks | None = None
    """When the core was told of it."""
    released_at: Ticks | None = None
    """When the first chunk was both ready and allowed to sound."""
    sent_at: Ticks | None = None
    heard_at: Ticks | None = None


@dataclass(slots=True)
class Reply:
    """An answer in the making, and how much of it was heard."""

    speak: bool
    cutter: ClauseCutter = field(default_factory=ClauseCutter)
    ledger: Ledger = field(default_factory=Ledger)
    guess: bool = False
    """Whether it was begun before the turn was over."""
    text: str = ""
    """All that was generated."""
    tokens: int = 0
    """How many pieces it was generated in: of a model that streams, its tokens."""
    shown: int = 0
    """How many letters of a text-only reply were emitted."""
    clauses: int = 0
    """How many clauses were sent to synthesis."""
    last_clause: str = ""
    """The newest of them."""
    waiting: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    """Chunks that are ready while the gate is shut."""
    open: bool = False
    """The gate: whether anything may sound."""
    finished: bool = False
    """Whether generation is complete."""
    hit_limit: bool = False
    heard_samples: int = 0
    usage: Usage = field(default_factory=Usage)
    tool_calls: tuple[ToolCall, ...] = ()
    ending: Ending = ""
    message: str = ""

    @property
    def complete(self) -> bool:
        """All of it was made, and all that was made was heard."""
        if not self.finished:
            return False
        if not self.speak:
            return self.shown == len(self.text)
        return self.ledger.clauses == self.clauses and self.heard_samples >= self.ledger.samples


@dataclass(slots=True)
class Turn:
    """What one person says until it is the other's turn, and what the agent answers."""

    number: int
    started_at: Ticks
    """On the session's clock."""
    speak: bool = True
    """Whether the reply is to be sound."""
    began: Ticks = 0
    speech_end: Ticks = 0
    """Both in samples of the caller's audio."""
    revision: int = 1
    announced: bool = False
    """Whether the client knows that the caller holds the floor."""
    committed: bool = False
    words: str | None = None
    """None until this revision's words are settled."""
    words_told: bool = False
    listening: bool = False
    """Whether this revision's words are on their way: asked for, or heard ahead."""
    ahead_to: Ticks = 0
    """How far the caller's audio was listened to ahead, at the latest; 0 before that."""
    ahead: HeardAhead | None = None
    """What came of it; None while it is awaited."""
    dip_at: Ticks = 0
    """Where the voice had last fallen quiet when it was listened to ahead."""
    ahead_is_read: bool = False
    """Whether the model was given it to read, as far as it is sure."""
    relies: bool = False
    """Whether this revision's words are those heard ahead."""
    read: list[str] = field(default_factory=list[str])
    """The caller's words that the model was given to read so far."""
    scores: tuple[float, ...] = ()
    """How finished this pause sounded, each time it was asked."""
    may_end: float | None = None
    """How likely the words end a sentence, as the language model reads them; see `WordsWeighed`."""
    over_at: Ticks | None = None
    """On the session's clock: since when the policy takes this pause for the end."""
    asked: int = 0
    """How often the end-of-turn model was asked in this pause."""
    probed: bool = False
    """Whether the words so far were asked for while the caller still speaks over the agent."""
    probe_at: Ticks = 0
    """How long the speech over the agent must last before they are asked for again."""
    beginnings: int = 0
    """How often they were told."""
    wordless: int = 0
    """How often in a row there was no word among them."""
    paused_at: Ticks | None = None
    """On the session's clock: when the caller fell silent over the agent."""
    paused: bool = False
    """Whether the playout of the reply was paused for a caller who speaks over it."""
    reply: Reply | None = None
    wanted: bool = False
    """Whether a client asked for the reply, so that it needs no words of a caller."""
    marks: Marks = field(default_factory=Marks)
    guesses: int = 0
    """How many replies were begun before the turn was over."""
    wasted_tokens: int = 0
    progress_at: Ticks = 0
    """When anything last happened for this turn."""

    def revise(self) -> None:
        """The caller went on: everything made for the words so far is void."""
        self.retry()
        self.words = self.paused_at = self.over_at = self.may_end = None
        self.scores = ()
        self.words_told = self.listening = self.probed = self.relies = False
        self.asked = 0
        self.marks = Marks()

    def retry(self) -> None:
        """What was made is void, what the caller said stays. Late answers must not mix with new ones."""
        if self.reply is not None:
            self.wasted_tokens += self.reply.tokens
        self.revision += 1
        self.reply = None
        self.listening = self.words is not None
        self.asked = 0
        old = self.marks
        self.marks = Marks(old.last_voiced_at, old.confirmed_at, old.transcription, old.transcribed_at)
