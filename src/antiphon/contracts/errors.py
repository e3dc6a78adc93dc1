"""What can go wrong, sorted by whose fault it is and who can mend it.

Every message says what happened and what to do next. An engine's own exceptions are translated at its border,
so nothing outside `antiphon.engines` ever catches a library's error.
"""

from collections.abc import Callable
from typing import Any


class AntiphonError(Exception):
    """The root of every error Antiphon raises on purpose."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
        """It travels between processes, whatever its class is made from."""
        return _made_again, (type(self), *self.args), self.__dict__


def _made_again(kind: type[AntiphonError], *args: Any) -> AntiphonError:
    return kind.__new__(kind, *args)


# The calling code broke a rule.


class ContractBroken(AntiphonError):
    """A caller or a part did what its contract forbids; the text names the rule."""


class ConversationClosed(ContractBroken):
    """The conversation has ended; nothing more can be said in it."""


# The other side of the wire broke a rule.


class BadRequest(AntiphonError):
    """A client asked for something the protocol does not allow.

    Attributes:
        code: stable machine-readable name, such as `input_audio_buffer_commit_empty`.
        param: the field at fault, such as `session.audio.input.format.rate`, or None.
    """

    def __init__(self, message: str, *, code: str, param: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.param = param


# The world broke.


class EngineBroken(AntiphonError):
    """A model or a remote service failed; `engine` names which."""

    def __init__(self, engine: str, message: str) -> None:
        super().__init__(f"{engine}: {message}")
        self.engine = engine


class Busy(AntiphonError):
    """A bound is reached: too many sessions, too much audio. The text names the bound."""


# The set-up is incomplete.


class PrerequisiteMissing(AntiphonError):
    """Something must be installed or fetched first; `remedy` is the exact command that does it."""

    def __init__(self, message: str, *, remedy: str) -> None:
        super().__init__(f"{message} (mend it with: {remedy})")
        self.remedy = remedy


class ConfigInvalid(AntiphonError):
    """The configuration file has problems; all of them are in `problems`, one sentence each."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class UnknownName(AntiphonError):
    """No engine, model or voice has this name; the text lists the nearest ones."""
