"""Voices and language models that break their contracts are caught, and told how."""

from collections.abc import Callable, Iterator, Sequence
from itertools import count

import numpy as np
import pytest

from antiphon.contracts import (
    NEVER,
    Cancel,
    EngineCard,
    EngineSetup,
    Finish,
    Piece,
    Prefilled,
    Prompt,
    Sampling,
    SpeechChunk,
    TextDelta,
    TimedWord,
)
from antiphon.contracts.conformance import Broken, Skipped
from antiphon.contracts.conformance import abilities as able
from antiphon.contracts.conformance import language_model as model
from antiphon.contracts.conformance import synthesizer as voice
from antiphon.engines.scripted import ScriptedLanguageModel, ScriptedSynthesizer

Setup = Callable[..., EngineSetup]


class Speaker(ScriptedSynthesizer):
    """Speaks, and then changes what came out."""

    def synthesize(
        self,
        text: str,
        *,
        voice: str = "",
        speed: float = 1.0,
        before: str = "",
        goes_on: bool = False,
        cancel: Cancel = NEVER,
    ) -> Iterator[SpeechChunk]:
        return self.change(list(super().synthesize(text, voice=voice, speed=speed, cancel=cancel)))

    def change(self, chunks: list[SpeechChunk]) -> Iterator[SpeechChunk]:
        raise NotImplementedError


class SwallowsTheLastWord(Speaker):
    def change(self, chunks: list[SpeechChunk]) -> Iterator[SpeechChunk]:
        return (SpeechChunk(chunk.audio, chunk.words[:-1]) for chunk in chunks)


class Stutters(Speaker):
    def change(self, chunks: list[SpeechChunk]) -> Iterator[SpeechChunk]:
        return iter(chunks + chunks[-1:])


class TalksBackwards(Speaker):
    def change(self, chunks: list[SpeechChunk]) -> Iterator[SpeechChunk]:
        return reversed(chunks)


class CountsFromTheTextsStart(Speaker):
    def change(self, chunks: list[SpeechChunk]) -> Iterator[SpeechChunk]:
        at = 0
        for chunk in chunks:
            words = tuple(TimedWord(w.text, w.start_sample + at, w.end_sample + at) for w in chunk.words)
            yield SpeechChunk(chunk.audio, words)
            at += len(chunk.audio)


class Shouts(Speaker):
    def change(self, chunks: list[SpeechChunk]) -> Iterator[SpeechChunk]:
        return (SpeechChunk(chunk.audio * 10, chunk.words) for chunk in chunks)


class Whispers(Speaker):
    def change(self, chunks: list[SpeechChunk]) -> Iterator[SpeechChunk]:
        return (SpeechChunk(chunk.audio * 0, chunk.words) for chunk in chunks)


class BeginsAgain(ScriptedSynthesizer):
    """Speaks what came before once more, and does not say so."""

    def synthesize(
        self,
        text: str,
        *,
        voice: str = "",
        speed: float = 1.0,
        before: str = "",
        goes_on: bool = False,
        cancel: Cancel = NEVER,
    ) -> Iterator[SpeechChunk]:
        sung = list(super().synthesize(before))
        for chunk in super().synthesize(text, voice=voice, speed=speed, cancel=cancel):
            audio = np.concatenate([*(earlier.audio for earlier in sung), chunk.audio])
            yield SpeechChunk(audio, chunk.words)
            sung = []


class TalksOn(ScriptedSynthesizer):
    """Neither cancel, nor the name of a voice, nor a speed impresses it."""

    def synthesize(
        self,
        text: str,
        *,
        voice: str = "",
        speed: float = 1.0,
        before: str = "",
        goes_on: bool = False,
        cancel: Cancel = NEVER,
    ) -> Iterator[SpeechChunk]:
        return super().synthesize(text)


@pytest.mark.parametrize(
    ("kind", "check", "sentence"),
    [
        (
            SwallowsTheLastWord,
            voice.check_words_occur_once_in_order,
            "lost the word 'fox'; over all chunks every word of the text must occur once, in order",
        ),
        (Stutters, voice.check_words_occur_once_in_order, "repeated the word .*; over all chunks every word"),
        (TalksBackwards, voice.check_words_occur_once_in_order, "gave the words in the order"),
        (CountsFromTheTextsStart, voice.check_takes_a_long_text, "inside their chunk, in its own samples"),
        (Shouts, voice.check_audio_is_audible, r"audio leaves \[-1, 1\] or is not finite"),
        (Whispers, voice.check_audio_is_audible, r"has a level of 0\.00000 .*; it must be audible"),
        (BeginsAgain, voice.check_surroundings_are_not_spoken, "and is never spoken with it"),
        (
            TalksOn,
            voice.check_cancelled_before_it_begins,
            "although cancel was raised; no chunk may follow it",
        ),
        (TalksOn, voice.check_cancelled_on_the_way, "chunks followed after cancel was raised; none may"),
        (TalksOn, voice.check_unknown_voice_is_refused, "was accepted; the contract demands UnknownName"),
        (TalksOn, voice.check_speed_changes_the_length, "a lower speed must last longer"),
    ],
)
def test_broken_synthesizer(
    kind: type[ScriptedSynthesizer], check: Callable[[ScriptedSynthesizer], None], sentence: str, setup: Setup
) -> None:
    with pytest.raises(Broken, match=sentence):
        check(kind.open(setup()))


class EndsWithoutFinish(ScriptedLanguageModel):
    def generate(
        self, prompt: Prompt, sampling: Sampling = Sampling(), *, cache_key: str = "", cancel: Cancel = NEVER
    ) -> Iterator[Piece]:
        pieces = super().generate(prompt, sampling, cache_key=cache_key, cancel=cancel)
        return (piece for piece in pieces if not isinstance(piece, Finish))


class TalksOnAndOn(ScriptedLanguageModel):
    """Takes no notice of cancel, or of any bound."""

    def generate(
        self, prompt: Prompt, sampling: Sampling = Sampling(), *, cache_key: str = "", cancel: Cancel = NEVER
    ) -> Iterator[Piece]:
        answerable = Prompt(prompt.messages, tool_choice="none") if prompt.messages else prompt
        return super().generate(answerable, Sampling(), cache_key=cache_key)


class AnswersAnything(ScriptedLanguageModel):
    """Does not look at the prompt."""

    def generate(
        self, prompt: Prompt, sampling: Sampling = Sampling(), *, cache_key: str = "", cancel: Cancel = NEVER
    ) -> Iterator[Piece]:
        yield TextDelta("Hello \ufffd")
        yield Finish("stop")


class Jams(ScriptedLanguageModel):
    """An answer that was not read to its end blocks the next."""

    busy = False

    def generate(
        self, prompt: Prompt, sampling: Sampling = Sampling(), *, cache_key: str = "", cancel: Cancel = NEVER
    ) -> Iterator[Piece]:
        if self.busy:
            raise RuntimeError("still busy with the answer before")
        self.busy = True
        yield from super().generate(prompt, sampling, cache_key=cache_key, cancel=cancel)
        self.busy = False


_AGAIN = count()


class ForgetsPrefills(ScriptedLanguageModel):
    def prefill(
        self,
        prompt: Prompt,
        *,
        cache_key: str = "",
        cancel: Cancel = NEVER,
        at_most_tokens: int | None = None,
    ) -> Prefilled:
        return super().prefill(
            prompt, cancel=cancel, cache_key=f"{cache_key}{next(_AGAIN)}", at_most_tokens=at_most_tokens
        )


class MiscountsPrefills(ScriptedLanguageModel):
    def prefill(
        self,
        prompt: Prompt,
        *,
        cache_key: str = "",
        cancel: Cancel = NEVER,
        at_most_tokens: int | None = None,
    ) -> Prefilled:
        return Prefilled(10, 5, 4)


class MiscountsTokens(ScriptedLanguageModel):
    def count_tokens(self, prompt: Prompt | str) -> int:
        return super().count_tokens(prompt) + 7


class GivesPercentages(ScriptedLanguageModel):
    def score(
        self, prompt: Prompt, options: Sequence[str], *, cache_key: str = "", cancel: Cancel = NEVER
    ) -> tuple[float, ...]:
        return tuple(50.0 for _ in options)


class PrefersTheFirst(ScriptedLanguageModel):
    def score(
        self, prompt: Prompt, options: Sequence[str], *, cache_key: str = "", cancel: Cancel = NEVER
    ) -> tuple[float, ...]:
        return tuple(-1.0 - 3.0 * index for index, _ in enumerate(options))


class SharesMoreThanAll(ScriptedLanguageModel):
    def score(
        self, prompt: Prompt, options: Sequence[str], *, cache_key: str = "", cancel: Cancel = NEVER
    ) -> tuple[float, ...]:
        return tuple(-0.1 for _ in options)


class ReadsOnAndOn(ScriptedLanguageModel):
    def prefill(
        self,
        prompt: Prompt,
        *,
        cache_key: str = "",
        cancel: Cancel = NEVER,
        at_most_tokens: int | None = None,
    ) -> Prefilled:
        return super().prefill(prompt, cache_key=cache_key, cancel=cancel)


class BeginsAnew(ScriptedLanguageModel):
    def generate(
        self, prompt: Prompt, sampling: Sampling = Sampling(), *, cache_key: str = "", cancel: Cancel = NEVER
    ) -> Iterator[Piece]:
        asked = Prompt(prompt.messages[:1])
        yield from super().generate(asked, sampling, cache_key=cache_key, cancel=cancel)


class ScoresOnAndOn(ScriptedLanguageModel):
    def score(
        self, prompt: Prompt, options: Sequence[str], *, cache_key: str = "", cancel: Cancel = NEVER
    ) -> tuple[float, ...]:
        return super().score(prompt, options)


class Unable(ScriptedLanguageModel):
    """Its card declares nothing, and it does it all the same."""

    card = EngineCard(name="unable", part="language_model", summary="Can do nothing.", licence="Apache-2.0")


@pytest.mark.parametrize(
    ("kind", "check", "sentence"),
    [
        (EndsWithoutFinish, model.check_answers, "there must be exactly one, and it must be last"),
        (TalksOnAndOn, model.check_keeps_max_tokens, "max_tokens=1 gave 19 tokens; it is a hard bound"),
        (
            TalksOnAndOn,
            model.check_stops_before_a_stop_text,
            "holds the stop text 'e'; it must end before it",
        ),
        (TalksOnAndOn, model.check_cancelled_before_it_begins, r"it must end with Finish\('cancelled'\)"),
        (TalksOnAndOn, model.check_cancelled_on_the_way, r"it must end with Finish\('cancelled'\)"),
        (
            AnswersAnything,
            model.check_unanswerable_prompts_are_refused,
            "generate\\(\\) of an open prompt was accepted",
        ),
        (
            AnswersAnything,
            model.check_too_long_a_prompt_is_refused,
            "longer than context_tokens was accepted",
        ),
        (
            AnswersAnything,
            model.check_text_is_whole,
            "a letter of several tokens must wait until it is whole",
        ),
        (MiscountsTokens, model.check_counts_are_the_models, "for the same prompt; both must be exact"),
        (MiscountsTokens, model.check_counting_is_sane, "'' has 7 tokens; an empty text has none"),
        (
            MiscountsPrefills,
            able.check_prefill_adds_up,
            "5 reused and 4 evaluated of 10 tokens; the two must add up",
        ),
        (ForgetsPrefills, able.check_prefill_is_reused, "what the cache holds must be reused"),
        (
            ForgetsPrefills,
            able.check_prefill_helps_the_answer,
            "begins with what was prefilled must reuse it",
        ),
        (
            GivesPercentages,
            able.check_scores_are_log_probabilities,
            "a log-probability is finite and not above 0",
        ),
        (SharesMoreThanAll, able.check_scores_are_log_probabilities, "cannot have more than 1"),
        (
            PrefersTheFirst,
            able.check_options_are_ordered,
            "an option's score must not depend on its neighbours",
        ),
        (PrefersTheFirst, able.check_options_need_the_capability, "of no options was accepted"),
        (TalksOnAndOn, able.check_calls_the_tool_it_must, "the named tool must be called"),
        (AnswersAnything, able.check_json_conforms, "which is not JSON"),
        (ReadsOnAndOn, able.check_prefill_in_pieces, "it is a hard bound"),
        (ForgetsPrefills, able.check_prefill_in_pieces, "the next piece found 0 of them"),
        (
            BeginsAnew,
            able.check_continues_its_answer,
            "whose last message is the assistant's is gone on with",
        ),
        (ScoresOnAndOn, able.check_scores_can_be_cancelled, "it must give none at all, an empty tuple"),
        (Unable, able.check_prefill_adds_up, "does not declare 'prefill'; it must then report zeros"),
        (Unable, able.check_options_need_the_capability, "without the capability was accepted"),
    ],
)
def test_broken_language_model(
    kind: type[ScriptedLanguageModel],
    check: Callable[[ScriptedLanguageModel], None],
    sentence: str,
    setup: Setup,
) -> None:
    with pytest.raises(Broken, match=sentence):
        check(kind.open(setup()))


def test_language_model_that_jams(setup: Setup) -> None:
    with pytest.raises(RuntimeError, match="still busy"):
        model.check_closed_early(Jams.open(setup()))


def test_capabilities_not_declared_are_skipped(setup: Setup) -> None:
    with pytest.raises(Skipped, match="the card does not declare the capability 'score'"):
        able.check_options_are_ordered(Unable.open(setup()))
