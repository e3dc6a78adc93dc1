"""What a language model says of the next scene, asked with the last turns: the rule to compare with."""

from collections.abc import Sequence
from typing import Self, cast

from antiphon.bench import sgd
from antiphon.bench.sgd import Dialogue, Turn
from antiphon.contracts import EngineSetup, LanguageModel, Message, Prompt
from antiphon.contracts.discovery import find
from antiphon.runtime.config import Config
from antiphon.samp import Cast
from antiphon.samp.margins import Margins
from antiphon.samp.moves import options
from antiphon.samp.state import State
from antiphon.store import Store

MODEL = "qwen2.5-coder-0.5b-instruct-q4_k_m"
LAST = 6
"""Things said that the model reads."""
_LETTERS = "ABCDEFGH"


class SmallModel:
    """A small model that reads the last turns and is asked where the conversation is, or what is meant."""

    def __init__(self, casts: dict[str, Cast]) -> None:
        self._casts = casts
        self._model: LanguageModel | None = None
        self._margins: Margins | None = None
        self._known: dict[tuple[str, str, str], dict[str, float]] = {}

    def __enter__(self) -> Self:
        kind = find("language_model", Config().engines["language_model"].use)
        setup = EngineSetup(weights=Store().folder, settings={"model": MODEL}, threads=1)
        self._model = cast(type[LanguageModel], kind).open(setup)
        self._margins = Margins(self._model)
        return self

    def __exit__(self, *exception: object) -> None:
        if self._model is not None:
            self._model.close()

    def asked(self, dialogue: Dialogue, turn: Turn, before: str) -> str:
        """The letter it finds likeliest, of the scene at hand and those that ways lead to."""
        scenes = self._scenes(dialogue, before)
        lines = [
            f"{letter}. {self._means(dialogue, scene)}"
            for letter, scene in zip(_LETTERS, scenes, strict=False)
        ]
        question = "What does the caller want now?\n" + "\n".join(lines) + "\nAnswer with the letter only."
        scores = self._score(dialogue, turn, question, _LETTERS[: len(scenes)])
        return scenes[max(range(len(scenes)), key=lambda place: scores[place])]

    def margins(self, dialogue: Dialogue, turn: Turn, state: State) -> dict[str, float]:
        """Of each option, its margin of yes against no; asked once for each turn and scene."""
        assert self._margins is not None
        key = (dialogue.id, turn.words, state.place.scene)
        if key not in self._known:
            found = options(self._casts[dialogue.service], state)
            self._known[key] = self._margins.of(found, turn.words, agent_said=turn.agent_said)
        return self._known[key]

    def _scenes(self, dialogue: Dialogue, before: str) -> list[str]:
        ways = [way.to for way in self._casts[dialogue.service].scenes[before].ways]
        return [*([] if before == sgd.START else [before]), *ways]

    def _means(self, dialogue: Dialogue, scene: str) -> str:
        return "to end the call" if scene == sgd.END else self._casts[dialogue.service].scenes[scene].aim

    def _score(
        self, dialogue: Dialogue, turn: Turn, question: str, options: Sequence[str]
    ) -> tuple[float, ...]:
        assert self._model is not None
        said: list[str] = []
        for each in dialogue.turns:
            said += [f"Agent: {each.agent_said}"] if each.agent_said else []
            said.append(f"Caller: {each.words}")
            if each is turn:
                break
        text = "\n".join(said[-LAST:])
        prompt = Prompt(
            (
                Message("system", "You follow a telephone conversation and say what the caller wants."),
                Message("user", f"{text}\n\n{question}"),
            )
        )
        return self._model.score(prompt, options)
