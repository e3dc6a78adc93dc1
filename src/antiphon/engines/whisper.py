"""Speech to text by Whisper, on CTranslate2: int8, greedy, in a window as short as is safe.

Whisper was trained on windows of 30 s, most of which a caller's turn leaves empty at full price. Its encoder
takes a shorter window, but with too little room after the words the decoder loops: hence the floor under the
window, the cap on the answer's length, and a second look through the full window when it loops all the same.
"""

import zlib
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self

import msgspec
import numpy as np

from antiphon.contracts import (
    LISTENING_HZ,
    NEVER,
    Audio,
    Cancel,
    ConfigInvalid,
    EngineBroken,
    EngineCard,
    EngineSetup,
    PrerequisiteMissing,
    Transcript,
)
from antiphon.contracts.settings import decode
from antiphon.engines.mel import FRAMES_PER_SECOND, HOP, log_mel
from antiphon.engines.native import load
from antiphon.engines.quiet import loudest, pieces

_WHERE = "transcriber.whisper"
_FULL_WINDOW_FRAMES = 30 * FRAMES_PER_SECOND
_ROOM_FRAMES = FRAMES_PER_SECOND  # after the last word
_LONGEST_SAMPLES = (_FULL_WINDOW_FRAMES - _ROOM_FRAMES) * HOP
_HINT_TOKENS_MAX = 200  # of the decoder's 448, which it shares with the answer

# Measured on 31 noises and 504 recordings of speech: silence and hiss lie above .85, words below .80 (but for
# four clipped ones of a quarter of a second); in between are clicks, crying and engines, which Whisper writes
# down without believing itself.
_NO_SPEECH_CERTAIN = 0.8
_NO_SPEECH_POSSIBLE = 0.4
_BELIEF_MIN = 0.22
_SILENCE_RMS = 2e-4  # -74 dB of full scale: below the noise of any microphone

_TOKENS_PER_SECOND_MAX = 10  # the fastest talkers reach 8
_TOKENS_SPARE = 10
_COMPRESSION_MAX = 2.4  # prose compresses to about half


class WhisperSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table `transcriber.whisper`."""

    model: str = "whisper-tiny.en"
    """A name in the weights manifest; "whisper-base" knows 99 languages and makes fewer mistakes."""
    language: str = "en"
    """What callers speak, as Whisper calls it ("en", "de", ...), or "auto" to listen for it each time."""
    window_s: Annotated[float, msgspec.Meta(ge=5, le=30)] = 15.0
    """The shortest window given to the encoder. Its cost grows with it; below 15 s it begins to loop."""
    compute_type: Literal["int8", "int8_float32", "float32"] = "int8"


class Hearing(NamedTuple):
    """What one pass of the decoder wrote down."""

    text: str
    tokens: int
    log_probability: float
    """Natural logarithm, summed over the tokens and the end mark."""
    no_speech: float
    looped: bool

    @property
    def belief(self) -> float:
        """The geometric mean probability of the tokens and the end mark."""
        return float(np.exp(self.log_probability / (self.tokens + 1)))


class Whisper:
    """Any Whisper model converted for CTranslate2, tiny.en by default."""

    card: ClassVar[EngineCard] = EngineCard(
        name="whisper",
        part="transcriber",
        summary="Whisper on the processor: a turn's words in 130 ms (tiny.en), or in 99 languages (base).",
        licence="MIT",
        languages=("en",),
        sample_rate_hz=LISTENING_HZ,
        capabilities=frozenset({"hint"}),
        weights=("whisper-tiny.en",),
    )
    settings_kind: ClassVar[type[WhisperSettings]] = WhisperSettings

    def __init__(self, model: Any, scribe: Any, tokenizer: Any, settings: WhisperSettings) -> None:
        self._model = model
        self._scribe = scribe
        """The same weights for the decoder, whose steps are too small to be shared by threads: 60 instead of
        80 ms for a short turn."""
        self._tokenizer = tokenizer
        self._settings = settings
        self._storage_view = load("ctranslate2", "ctranslate2").StorageView

    @classmethod
    def open(cls, setup: EngineSetup) -> Self:
        """Load the model and transcribe a little noise, because the first call is the slowest."""
        settings = decode(setup.settings, WhisperSettings, _WHERE)
        folder = setup.weights(settings.model)
        models = load("ctranslate2", "ctranslate2").models
        tokenizers = load("tokenizers", "tokenizers")
        for name in ("model.bin", "config.json", "tokenizer.json"):
            if not (folder / name).is_file():
                remedy = f"antiphon models pull {settings.model}"
                raise PrerequisiteMissing(f"{settings.model} lacks {name}", remedy=remedy)
        try:
            tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
            model, scribe = (
                models.Whisper(
                    str(folder), device="cpu", compute_type=settings.compute_type, intra_threads=threads
                )
                for threads in (setup.threads, 1)
            )
        except Exception as error:
            raise EngineBroken("whisper", f"{settings.model} does not load: {error}") from error
        engine = cls(model, scribe, tokenizer, settings)
        engine.check_language()
        noise = np.random.default_rng(0).normal(0.0, 0.01, LISTENING_HZ).astype(np.float32)
        engine.transcribe(noise)
        return engine

    def check_language(self) -> None:
        """Raises ConfigInvalid when the model does not know the language it is set to."""
        language, model = self._settings.language, self._settings.model
        if self._model.is_multilingual:
            if language != "auto" and self._tokenizer.token_to_id(f"<|{language}|>") is None:
                raise ConfigInvalid((f"{_WHERE}.language: {model} does not know {language!r}",))
        elif language != "en":
            raise ConfigInvalid((f"{_WHERE}.language: {model} knows English only, not {language!r}",))

    def transcribe(self, audio: Audio, *, hint: str = "", cancel: Cancel = NEVER) -> Transcript:
        """Write down `audio`; hiss, hum and silence give an empty text."""
        language = "en"
        said: list[Hearing] = []
        for piece in pieces(audio, _LONGEST_SAMPLES):
            if loudest(piece) < _SILENCE_RMS:
                continue
            if cancel.is_set():
                break
            hearing, language = self._hear(piece, hint, cancel)
            if hearing is not None and is_speech(hearing):
                said.append(hearing)
        tokens = sum(hearing.tokens + 1 for hearing in said)
        log_probability = sum(hearing.log_probability for hearing in said)
        return Transcript(
            " ".join(hearing.text for hearing in said),
            language=language,
            confidence=min(1.0, float(np.exp(log_probability / tokens))) if tokens else 1.0,
        )

    def close(self) -> None:
        """Give the weights' memory back."""
        self._model.unload_model()
        self._scribe.unload_model()

    def _hear(self, audio: Audio, hint: str, cancel: Cancel) -> tuple[Hearing | None, str]:
        """One stretch of at most 29 s, and the language it is in; None once cancelled."""
        frames = len(audio) // HOP + _ROOM_FRAMES
        short = max(frames, round(self._settings.window_s * FRAMES_PER_SECOND))
        language = self._settings.language
        heard: list[Hearing] = []
        for window in dict.fromkeys((min(short, _FULL_WINDOW_FRAMES), _FULL_WINDOW_FRAMES)):
            encoded = self._encode(audio, window)
            if cancel.is_set():
                break
            if language == "auto":
                language = self._detect_language(encoded)
            heard.append(self._decode(encoded, self._prompt(language, hint), len(audio)))
            if not heard[-1].looped or cancel.is_set():
                return heard[-1], language
        return max(heard, key=lambda hearing: hearing.belief, default=None), language

    def _encode(self, audio: Audio, frames: int) -> Any:
        """The encoder's view of `audio` and of silence after it, up to `frames` frames of 10 ms."""
        features = log_mel(audio, frames + frames % 2)  # the encoder halves them
        try:
            return self._model.encode(self._storage_view.from_array(features[None]))
        except Exception as error:
            raise EngineBroken("whisper", f"the encoder failed: {error}") from error

    def _detect_language(self, encoded: Any) -> str:
        try:
            token, _ = self._model.detect_language(encoded)[0][0]
        except Exception as error:
            raise EngineBroken("whisper", f"the language detector failed: {error}") from error
        return token.strip("<|>")

    def _prompt(self, language: str, hint: str) -> list[int]:
        start = ["<|startoftranscript|>"]
        if self._model.is_multilingual:
            start += [f"<|{language}|>", "<|transcribe|>"]
        prompt = [self._tokenizer.token_to_id(token) for token in (*start, "<|notimestamps|>")]
        if hint.strip():
            words = self._tokenizer.encode(" " + hint.strip(), add_special_tokens=False).ids
            before = self._tokenizer.token_to_id("<|startofprev|>")
            prompt = [before, *words[-_HINT_TOKENS_MAX:], *prompt]
        return prompt

    def _decode(self, encoded: Any, prompt: list[int], samples: int) -> Hearing:
        room = round(samples / LISTENING_HZ * _TOKENS_PER_SECOND_MAX) + _TOKENS_SPARE
        try:
            result = self._scribe.generate(
                encoded,
                [prompt],
                beam_size=1,
                no_repeat_ngram_size=3,
                max_length=min(448, len(prompt) + room),
                return_scores=True,
                return_no_speech_prob=True,
            )[0]
        except Exception as error:
            raise EngineBroken("whisper", f"the decoder failed: {error}") from error
        ids: list[int] = result.sequences_ids[0]
        text: str = self._tokenizer.decode(ids).strip()
        return Hearing(
            text,
            tokens=len(ids),
            log_probability=result.scores[0] * len(ids),
            no_speech=result.no_speech_prob,
            looped=len(ids) >= room or _compression(text) > _COMPRESSION_MAX,
        )


def is_speech(hearing: Hearing) -> bool:
    """Whether somebody said `hearing.text`, rather than Whisper writing something because it must."""
    if not any(letter.isalnum() for letter in hearing.text):
        return False
    if hearing.no_speech > _NO_SPEECH_POSSIBLE:
        return hearing.no_speech <= _NO_SPEECH_CERTAIN and hearing.belief >= _BELIEF_MIN
    return True


def _compression(text: str) -> float:
    """How many times shorter the text becomes: what repeats itself compresses well."""
    encoded = text.encode()
    return len(encoded) / len(zlib.compress(encoded))
