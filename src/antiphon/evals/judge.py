"""A judge made of language models: judge, judge of judges and auditor alike.

One draw asks one model one question in one way, all of it drawn from the seed, and reads the probabilities of
the two answers. A draw on a draw asks whether that verdict is right; so depth is a matter of what is judged.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from math import exp, fsum
from random import Random
from typing import Annotated, Any, ClassVar, Self, cast

import msgspec

from antiphon.contracts import (
    AntiphonError,
    ConfigInvalid,
    Draw,
    EngineCard,
    EngineSetup,
    LanguageModel,
    Message,
    Prompt,
    Subject,
    UnknownName,
)
from antiphon.contracts.discovery import find
from antiphon.evals.criteria import Criterion, criterion_named
from antiphon.evals.manners import FORMAT, NOTHING, Manner, beginning, innermost, manner_drawn, question

LEAST_MASS = 0.01
"""When both answers together are less likely than this, the model would have said something else."""
KINDS = ("conversation", "draw", "turn")
CONTEXT_TOKENS = 8192
"""Room for the longest conversation that is shown: what tools return is read in tokens of two letters."""


class JudgeModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of the models a judge draws from."""

    name: str
    """What draws call it."""
    use: str = ""
    """An installed language model engine; empty: the quicker of the built-in ones."""
    settings: dict[str, Any] = {}


class JudgeSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table `evaluator.judge`."""

    criterion: str = "fitting"
    models: Annotated[tuple[JudgeModel, ...], msgspec.Meta(min_length=1)] = (
        JudgeModel(name="1.5b", settings={"slots": 1, "context_tokens": CONTEXT_TOKENS}),
        JudgeModel(
            name="0.5b",
            settings={
                "slots": 1,
                "context_tokens": CONTEXT_TOKENS,
                "model": "qwen2.5-coder-0.5b-instruct-q4_k_m",
            },
        ),
    )


def settings_for(criterion: str, names: Sequence[str] = ()) -> dict[str, Any]:
    """The settings of a judge of `criterion` that draws from the default models called `names`; from all of
    them without.

    Raises:
        UnknownName: no default model is called so.
    """
    known = {model.name: model for model in JudgeSettings().models}
    if unknown := [name for name in names if name not in known]:
        raise UnknownName(f"no judge is called {unknown[0]!r}; known: {', '.join(known)}")
    chosen = [known[name] for name in names or known]
    return {"criterion": criterion, "models": msgspec.to_builtins(chosen)}


class ModelJudge:
    """Judges one criterion."""

    card: ClassVar[EngineCard] = EngineCard(
        name="judge",
        part="evaluator",
        summary="Language models that judge one criterion, each draw asked in another way.",
        licence="Apache-2.0",
        capabilities=frozenset(f"subject:{kind}" for kind in KINDS),
    )

    def __init__(self, criterion: Criterion, models: Mapping[str, LanguageModel]) -> None:
        """`models` keep one prompt cache each, and nobody else uses them."""
        self._criterion = criterion
        self._models = dict(models)
        self._read: dict[str, Prompt] = {}
        self.name = f"{criterion.name}@{signature(criterion, tuple(self._models))}"

    @classmethod
    def open(cls, setup: EngineSetup) -> Self:
        """Load every model the settings name."""
        try:
            settings = msgspec.convert(dict(setup.settings), JudgeSettings)
        except msgspec.ValidationError as error:
            raise ConfigInvalid((f"evaluator.judge: {error}",)) from error
        from antiphon.runtime.config import default_language_model  # noqa: PLC0415 - a card loads no library

        models: dict[str, LanguageModel] = {}
        try:
            for each in settings.models:
                kind = find("language_model", each.use or default_language_model())
                models[each.name] = cast(
                    LanguageModel, kind.open(msgspec.structs.replace(setup, settings=each.settings))
                )
        except BaseException:
            for model in models.values():
                model.close()
            raise
        return cls(criterion_named(settings.criterion), models)

    def close(self) -> None:
        """Unload the models."""
        for model in self._models.values():
            model.close()

    def draw(self, subject: Subject, seed: int) -> Draw:
        """How likely the good answer is, asked in the way that `seed` decides of what it is about."""
        return self.ask(subject, self.manner(subject, seed), seed)

    def manner(self, subject: Subject, seed: int) -> Manner:
        """The way in which `draw` asks."""
        return manner_for(subject, self._criterion, tuple(self._models), seed)

    def ask(self, subject: Subject, manner: Manner, seed: int) -> Draw:
        """The same, asked in the way `manner`."""
        details: dict[str, Any] = {"criterion": self._criterion.name, **msgspec.structs.asdict(manner)}
        value, missing = None, None
        if subject.kind not in KINDS:
            missing = f"a {subject.kind} is nothing it can judge; it takes {', '.join(KINDS)}"
        else:
            try:
                inner, details["level"] = innermost(subject)
                details["about"] = inner.id
                prompt, answers = question(subject, self._criterion, manner)
                scores = self._scores(manner.model, beginning(subject, manner), prompt, answers)
                details["logprobs"] = list(scores)
                value, missing = read(scores, manner.temperature)
            except (AntiphonError, ValueError, msgspec.ValidationError) as error:
                missing = str(error) or type(error).__name__
        return Draw(
            evaluator=self.name, subject=subject.id, seed=seed, value=value, missing=missing, details=details
        )

    def familiarity(self, subject: Subject, model: str) -> float | None:
        """The log-probability a word of a reply, had the model answered itself; None: it cannot be told."""
        reply = str(subject.content.get("response") or "").strip()
        if not reply:
            return None
        said = [
            Message("assistant" if line["role"] in ("assistant", "agent") else "user", str(line["text"]))
            for line in subject.content.get("context") or ()
        ]
        if not said:
            return None
        self._read.pop(model, None)
        try:
            return self._models[model].score(Prompt(tuple(said)), (reply,))[0] / len(reply.split())
        except AntiphonError:
            return None

    def _scores(
        self, name: str, begins: Prompt, prompt: Prompt, answers: tuple[str, str]
    ) -> tuple[float, ...]:
        """What is read after another prompt depends in its last bits on how much of it lay in the cache.

        So the cache is brought to one state first: the conversation, read in the pieces in which it is read
        when nothing but the head that all prompts share lies there, and its last token by itself.
        """
        model = self._models[name]
        if "prefill" not in model.card.capabilities:
            return model.score(prompt, answers)
        if self._read.pop(name, None) != begins:
            model.score(NOTHING, answers)
            model.score(begins, answers)
        model.score(begins, answers)
        scores = model.score(prompt, answers)
        self._read[name] = begins
        return scores


def manner_for(subject: Subject, criterion: Criterion, models: Sequence[str], seed: int) -> Manner:
    """The way that `seed` decides; how a conversation is laid out is decided by which one it is."""
    try:
        about = innermost(subject)[0].id
    except (ValueError, msgspec.ValidationError):  # nothing that can be judged, as the draw will say
        about = subject.id
    layout, dice = Random(f"layout {about}"), Random(seed)  # noqa: S311 - no secrets
    return manner_drawn(models, len(criterion.wordings), layout, dice)


def read(scores: Sequence[float], temperature: float = 1.0) -> tuple[float | None, str | None]:
    """The probability of the first of two answers, from their log-probabilities; or why there is none."""
    mass = fsum(exp(score) for score in scores)
    if mass < LEAST_MASS:
        return None, f"neither answer is likely: {mass:.4f} together"
    good, bad = scores
    gap = (bad - good) / temperature
    return 1.0 / (1.0 + exp(min(gap, 700.0))), None


def signature(criterion: Criterion, models: Sequence[str]) -> str:
    """Changes with anything that a calibration of the judge depends on."""
    parts = (criterion, sorted(models), FORMAT)
    return sha256(msgspec.json.encode(parts)).hexdigest()[:8]
