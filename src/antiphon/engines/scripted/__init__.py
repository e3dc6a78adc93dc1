"""Engines that follow a script: no weights, no chance, no waiting unless told to.

They pass the same conformance suites as real engines do, so a test, a load benchmark or a client can trust
that what works against them breaks no contract. The synthesizer sings each word in tones that the transcriber
reads back exactly, so words can make the whole way round: spoken, heard, answered, spoken, decoded.
"""

from antiphon.engines.scripted.embedder import ScriptedEmbedder
from antiphon.engines.scripted.evaluator import ScriptedEvaluator
from antiphon.engines.scripted.hearing import ScriptedEndOfTurn, ScriptedVoiceActivity
from antiphon.engines.scripted.journal import ScriptedJournal
from antiphon.engines.scripted.language_model import ScriptedLanguageModel
from antiphon.engines.scripted.memory import ScriptedMemory
from antiphon.engines.scripted.synthesizer import ScriptedSynthesizer
from antiphon.engines.scripted.tones import decode_words
from antiphon.engines.scripted.transcriber import ScriptedTranscriber

__all__ = [
    "ScriptedEmbedder",
    "ScriptedEndOfTurn",
    "ScriptedEvaluator",
    "ScriptedJournal",
    "ScriptedLanguageModel",
    "ScriptedMemory",
    "ScriptedSynthesizer",
    "ScriptedTranscriber",
    "ScriptedVoiceActivity",
    "decode_words",
]
