"""The nouns everybody agrees on: one protocol per part, frozen value types, typed errors.

Nothing here does anything. `antiphon.contracts.conformance` holds the suites that check an implementation.
"""

from antiphon.contracts.audio import CLOCK_HZ, LISTENING_HZ, Audio, Ticks, ms, ticks
from antiphon.contracts.embedder import Embedder
from antiphon.contracts.end_of_turn import EndOfTurn
from antiphon.contracts.engine import NEVER, Cancel, Engine, EngineCard, EngineSetup, Part
from antiphon.contracts.equation import TERMS, Outcome, Span, Term, TermName, TurnReport
from antiphon.contracts.errors import (
    AntiphonError,
    BadRequest,
    Busy,
    ConfigInvalid,
    ContractBroken,
    ConversationClosed,
    EngineBroken,
    PrerequisiteMissing,
    UnknownName,
)
from antiphon.contracts.evaluator import Draw, Evaluator, Subject
from antiphon.contracts.journal import Journal, JournalEntry
from antiphon.contracts.language_model import (
    Finish,
    LanguageModel,
    Message,
    Piece,
    Prefilled,
    Prompt,
    Sampling,
    TextDelta,
    Tool,
    ToolCall,
    Usage,
    Weigh,
    Weighed,
)
from antiphon.contracts.memory import Memory, Recall, Recalled, RecallQuery, Utterance
from antiphon.contracts.synthesizer import SpeechChunk, Synthesizer, Voice
from antiphon.contracts.transcriber import TimedWord, Transcriber, Transcript
from antiphon.contracts.voice_activity import SpeechProbability, VoiceActivity, VoiceActivityStream

__all__ = [
    "CLOCK_HZ",
    "LISTENING_HZ",
    "NEVER",
    "TERMS",
    "AntiphonError",
    "Audio",
    "BadRequest",
    "Busy",
    "Cancel",
    "ConfigInvalid",
    "ContractBroken",
    "ConversationClosed",
    "Draw",
    "Embedder",
    "EndOfTurn",
    "Engine",
    "EngineBroken",
    "EngineCard",
    "EngineSetup",
    "Evaluator",
    "Finish",
    "Journal",
    "JournalEntry",
    "LanguageModel",
    "Memory",
    "Message",
    "Outcome",
    "Part",
    "Piece",
    "Prefilled",
    "PrerequisiteMissing",
    "Prompt",
    "Recall",
    "RecallQuery",
    "Recalled",
    "Sampling",
    "Span",
    "SpeechChunk",
    "SpeechProbability",
    "Subject",
    "Synthesizer",
    "Term",
    "TermName",
    "TextDelta",
    "Ticks",
    "TimedWord",
    "Tool",
    "ToolCall",
    "Transcriber",
    "Transcript",
    "TurnReport",
    "UnknownName",
    "Usage",
    "Utterance",
    "Voice",
    "VoiceActivity",
    "VoiceActivityStream",
    "Weigh",
    "Weighed",
    "ms",
    "ticks",
]
