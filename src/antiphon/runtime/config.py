"""The one configuration file, `antiphon.toml`: which engines, which limits, how a session begins."""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from antiphon.contracts import ConfigInvalid, Part
from antiphon.engines import ik_native
from antiphon.runtime.checking import problems
from antiphon.runtime.settings import SessionSettings

Count: TypeAlias = Annotated[int, msgspec.Meta(ge=1)]


class EngineChoice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which engine plays a part, and the settings it is opened with."""

    use: str
    """An installed engine's name, or `module:Class`."""
    settings: dict[str, Any] = {}


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bounds that keep one client from hurting the others."""

    sessions: Count = 16
    session_seconds: Count = 3600
    message_bytes: Count = 1_048_576
    """The largest message a client may send."""
    buffered_audio_seconds: Count = 120
    """The longest audio held uncommitted in one session."""
    items: Count = 2000
    """The most items one conversation holds: a client can add no more, and the oldest give way to speech."""
    outbound_messages: Count = 2048
    """How far a client may fall behind in reading before it is let go."""
    requests_per_second: Count = 500
    """Client events, averaged over ten seconds."""


class ServerConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where to listen."""

    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 8080
    key_env: str = "ANTIPHON_KEY"
    """The environment variable with the bearer key; required unless `host` is a loopback address."""
    media_addresses: tuple[str, ...] = ()
    """Where calls send their sound: our own addresses. None: `host`, or all while that is loopback."""
    public_url: Annotated[str, msgspec.Meta(pattern=r"^(https?://[^/?#@\s]+/?)?$")] = ""
    """The address under which a telephone carrier reaches this server; empty: the one that it asks for."""
    twilio_auth_env: str = "TWILIO_AUTH_TOKEN"
    """The environment variable with Twilio's auth token; with it, unsigned calls are refused."""


class MemoryConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is remembered of whom, and what recalling it may cost."""

    use: str = "graph"
    """The memory engine; empty: nothing is remembered."""
    settings: dict[str, Any] = {}
    folder: str = ""
    """Where each user's file lies; empty: `memory` in the data folder."""
    documents: str = ""
    """A memory's file that every session recalls from and none writes to: a menu, a manual."""
    opening_tokens: Annotated[int, msgspec.Meta(ge=0)] = 192
    """Of what is read when a session opens: what the user told of themselves, and how the last talk went."""
    turn_tokens: Annotated[int, msgspec.Meta(ge=0)] = 96
    """Of what is recalled for one turn. Documents and the user's own memory have half each, or what the other
    leaves."""
    turn_ms: Annotated[float, msgspec.Meta(ge=0)] = 1200
    """What reading that may take while the caller speaks, at the price of a token on this machine."""
    late_ms: Annotated[float, msgspec.Meta(ge=0)] = 0
    """What an answer may be delayed for what was recalled too late to be read while the caller spoke."""
    answerable: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.5
    """Recalled lines are used when memory is as sure as this that they hold an answer."""
    refine_calls: Annotated[int, msgspec.Meta(ge=0)] = 2
    """How often, after each turn that was learned, the language model may be asked whether what was said
    takes the place of something said before, when nobody wants anything else of it; 0: never."""


class TelemetryConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is told about the server's work, and to whom. Metrics are always at /metrics."""

    log: Literal["", "text", "json"] = ""
    """How the log is written, on standard error; empty: warnings only, as text."""
    log_words: bool = False
    """Whether logs and traces hold what people said, and what only they should know."""
    otlp: str = ""
    """Where traces are sent, such as http://127.0.0.1:4318; empty: nowhere."""


class WyomingConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What Home Assistant is offered, and where."""

    uri: str = ""
    """Where to listen, such as tcp://127.0.0.1:10300; empty: nowhere."""
    trust_network: bool = False
    """Whether that may be an address others can reach: the protocol knows no keys."""
    connections: Count = 16
    """Served at once."""
    conversations: Count = 4
    """Kept at once; each is a session, and counts against `limits.sessions`."""
    idle_seconds: Count = 300
    """How long a conversation is kept that nobody goes on with."""


def default_language_model() -> str:
    """The quicker of the two engines that run a model in this process, where its library runs."""
    return "ik" if ik_native.installed() else "llama"


def _default_engines() -> dict[Part, EngineChoice]:
    return {
        "voice_activity": EngineChoice(use="silero"),
        "end_of_turn": EngineChoice(use="smart_turn"),
        "transcriber": EngineChoice(use="moonshine"),
        "language_model": EngineChoice(use=default_language_model()),
        "synthesizer": EngineChoice(use="hibari"),
        "journal": EngineChoice(use="sqlite"),
    }


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that can be configured; each default is a working choice."""

    server: ServerConfig = ServerConfig()
    limits: Limits = Limits()
    engines: dict[Part, EngineChoice] = msgspec.field(default_factory=_default_engines)
    """Parts that are not named keep their default."""
    session: SessionSettings = SessionSettings()
    memory: MemoryConfig = MemoryConfig()
    telemetry: TelemetryConfig = TelemetryConfig()
    wyoming: WyomingConfig = WyomingConfig()
    cast: str | None = None
    """The path of a cast file that every session plays; without one, sessions follow their instructions."""
    exact_recall: bool = True
    """Whether a cast tells what the caller has told and asks for in exact words, without the model."""
    threads: Count = 2
    """Threads a native engine may use for one call."""
    answer_tokens: Count = 160
    """The longest answer when a session asks for no other limit."""
    prompt_tokens: Count = 3500
    """The hard budget of a prompt; older items are dropped to fit it."""
    playout_lead_ms: Annotated[int, msgspec.Meta(ge=0)] = 60
    """How far audio is sent ahead of the moment it is due at the listener."""


def load_config(path: Path | None) -> Config:
    """Read the configuration file; without one, `antiphon.toml` in the working folder or the defaults.

    Raises:
        ConfigInvalid: the file is missing although named, is no TOML, or holds what is not understood.
    """
    named = path is not None
    path = path or Path("antiphon.toml")
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if named:
            raise ConfigInvalid((f"there is no configuration file {path}",)) from None
        return Config()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigInvalid((f"{path}: {error}",)) from error
    return parse_config(table, str(path))


def parse_config(table: dict[str, Any], name: str = "configuration") -> Config:
    """The configuration in `table`.

    Raises:
        ConfigInvalid: with every unknown name and every value that is not understood.
    """
    found = tuple(f"{name}: {problem}" for problem in problems(table, Config))
    if found:
        raise ConfigInvalid(found)
    config = msgspec.convert(table, Config)
    return msgspec.structs.replace(config, engines=_default_engines() | config.engines)
