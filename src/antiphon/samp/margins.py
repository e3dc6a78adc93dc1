"""A language model's yes against its no for each option: the judge that costs most and is trusted least.

Asked whether the caller means an option, a small model says yes to almost everything. So what counts is the
margin between yes and no, less the margin it has when nothing was said at all (calibration by a content-free
input, after Zhao et al. 2021, arXiv:2102.09690). For the slow loop: each option is a prompt of sixty tokens.
"""

from collections.abc import Sequence

from antiphon.contracts import NEVER, Cancel, LanguageModel, Message, Prompt
from antiphon.samp.moves import Option

CACHE_KEY = "margins"
NOTHING_SAID = "Hello?"
YES_NO = ("Yes", "No")


class Margins:
    """Asks one model. What it says of nothing is asked once for each option and kept."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model
        self._priors: dict[str, float] = {}

    def of(
        self, options: Sequence[Option], words: str, *, agent_said: str = "", cancel: Cancel = NEVER
    ) -> dict[str, float]:
        """The margin of each option that is a move, by its key; empty once `cancel` is raised."""
        found: dict[str, float] = {}
        for option in options:
            meant = meaning(option)
            if not meant:
                continue
            prior = self._priors.get(meant)
            if prior is None:
                prior = self._margin(meant_by("", NOTHING_SAID, meant), cancel)
            margin = self._margin(meant_by(agent_said, words, meant), cancel)
            if prior is None or margin is None:
                return {}
            self._priors[meant] = prior
            found[option.key] = margin - prior
        return found

    def _margin(self, prompt: Prompt, cancel: Cancel) -> float | None:
        scores = self._model.score(prompt, YES_NO, cache_key=CACHE_KEY, cancel=cancel)
        return scores[0] - scores[1] if scores else None


def meaning(option: Option) -> str:
    """What a caller means who means this; empty where there is no move or nothing to say it with."""
    if option.move is None or not (option.when or option.says):
        return ""
    return option.when or f'"{option.says[0]}"'


def meant_by(agent_said: str, words: str, meant: str) -> Prompt:
    """The question whether `words` mean that."""
    said = f'Agent: "{agent_said}"\n' * bool(agent_said) + f'Caller: "{words}"'
    question = f"{said}\n\nDoes the caller mean that {meant}? Answer yes or no."
    return Prompt((Message("system", "You follow a telephone call."), Message("user", question)))
