"""What every conversation begins with is read before anybody calls, so that a first answer waits for no more
than a later one."""

from contextlib import suppress

from antiphon.contracts import AntiphonError, Prompt
from antiphon.runtime.cast_planning import Planner
from antiphon.runtime.casting import Staged
from antiphon.runtime.config import Config
from antiphon.runtime.parts import Parts
from antiphon.runtime.prompt import Prompts
from antiphon.samp.fold import fold


def read_beginning(parts: Parts, staged: Staged | None, config: Config) -> None:
    """Have the model read it, into a cache that is no conversation's; seconds, on the thread that calls.

    It only saves time: what is wrong with the model or the prompt will be told by the answer that needs them.
    """
    if "prefill" not in parts.language_model.card.capabilities:
        return
    with suppress(AntiphonError):
        parts.language_model.prefill(_beginning(parts, staged, config))


def _beginning(parts: Parts, staged: Staged | None, config: Config) -> Prompt:
    if staged is None:
        return Prompts(parts.language_model, config).certain(config.session, (), "")()
    return Planner(staged, parts.language_model, config).expected(fold(staged.cast, ()), "", 1)
