"""The shell that drives conversations: sessions, the hub they share, and the configuration."""

from antiphon.runtime.config import (
    Config,
    EngineChoice,
    Limits,
    MemoryConfig,
    ServerConfig,
    TelemetryConfig,
    WyomingConfig,
    default_language_model,
    load_config,
    parse_config,
)
from antiphon.runtime.hub import Hub, open_hub
from antiphon.runtime.session import Session
from antiphon.runtime.settings import ReplyRequest, SemanticVad, ServerVad, SessionSettings

__all__ = [
    "Config",
    "EngineChoice",
    "Hub",
    "Limits",
    "MemoryConfig",
    "ReplyRequest",
    "SemanticVad",
    "ServerConfig",
    "ServerVad",
    "Session",
    "SessionSettings",
    "TelemetryConfig",
    "WyomingConfig",
    "default_language_model",
    "load_config",
    "open_hub",
    "parse_config",
]
