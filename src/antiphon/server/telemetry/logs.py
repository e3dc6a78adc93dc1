"""Log lines for people or for programs, without anybody's words unless they are wanted.

A message of ours is a fixed text, and what varies stands in fields. What a person said or only they should
know goes into the field `personal`, which is written only where `telemetry.log_words` says so. The text of
an exception may hold words, too, and so may what a library fills into a message: without `log_words` an
exception is its type and the places it went through, and a library's message is its first line, unfilled.
"""

import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec

from antiphon.runtime import Session, TelemetryConfig
from antiphon.runtime.events import ReplyEnded, SessionEvent, SessionFailed, TranscriptFailed, TurnMeasured

log = logging.getLogger(__name__)

_PLAIN = frozenset((*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"))
"""What every record has; anything else is a field of ours."""
FRAMES_MAX = 12


class Lines(logging.Formatter):
    """One line for each record."""

    def __init__(self, *, json: bool, words: bool) -> None:
        super().__init__()
        self._json, self._words = json, words

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        fields = self._fields(record)
        if self._json:
            return msgspec.json.encode(fields, enc_hook=str).decode()
        head = f"{fields.pop('time')} {fields.pop('level')} {fields.pop('message')}"
        return " ".join((head, *(f"{name}={value!r}" for name, value in fields.items())))

    def _fields(self, record: logging.LogRecord) -> dict[str, Any]:
        ours = record.name.partition(".")[0] == "antiphon"
        told = str(record.msg).partition("\n")[0] if not (ours or self._words) else record.getMessage()
        fields: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": told,
        }
        if ours:
            fields |= {name: value for name, value in vars(record).items() if name not in _PLAIN}
            if not self._words:
                fields.pop("personal", None)
        if record.exc_info is not None and record.exc_info[1] is not None:
            fields["error"] = self._error(record.exc_info[1])
        return fields

    def _error(self, error: BaseException) -> dict[str, Any]:
        frames = traceback.extract_tb(error.__traceback__)[-FRAMES_MAX:]
        told: dict[str, Any] = {
            "type": type(error).__name__,
            "where": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
        }
        return told | {"message": str(error)} if self._words else told


class LogFacts:
    """Writes down what every turn came to, and what went wrong."""

    def opened(self, session: Session) -> None:
        """A session has begun; who carries it says so."""

    def closed(self, session_id: str) -> None:
        """A session has ended; who carried it says so."""

    def told(self, session_id: str, event: SessionEvent) -> None:
        """A session has told something."""
        match event:
            case TurnMeasured(report):
                numbers = msgspec.structs.asdict(report)
                kept = {name: numbers[name] for name in _NUMBERS}
                words = {"said": report.said, "answer": report.answer, "heard": report.heard}
                log.info("turn measured", extra={"session": session_id, **kept, "personal": words})
            case SessionFailed():
                _failed(session_id, event.code, event.message)
            case ReplyEnded(status="failed"):
                _failed(session_id, event.reason or "reply_failed", event.message)
            case TranscriptFailed():
                _failed(session_id, "transcription_failed", event.message)
            case _:
                pass


_NUMBERS = (
    "turn",
    "outcome",
    "revisions",
    "sent_ms",
    "heard_ms",
    "overlap_ms",
    "residual_ms",
    "prompt_tokens",
    "cached_tokens",
    "answer_tokens",
    "wasted_tokens",
)


def _failed(session_id: str, code: str, message: str) -> None:
    # An engine's message may quote what it was given.
    log.warning(
        "something failed", extra={"session": session_id, "code": code, "personal": {"message": message}}
    )


def set_up_logs(config: TelemetryConfig, stream: TextIO | None = None) -> logging.Handler:
    """Send the log's lines to `stream`, standard error if None; returns what now writes them.

    Without `config.log` only warnings are written, as text.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(Lines(json=config.log == "json", words=config.log_words))
    logging.getLogger().addHandler(handler)
    logging.getLogger("antiphon").setLevel(logging.INFO if config.log else logging.WARNING)
    return handler
