"""The documentation tells the truth about what can be configured."""

import tomllib
from pathlib import Path

import msgspec

from antiphon.runtime import (
    Config,
    Limits,
    MemoryConfig,
    ServerConfig,
    SessionSettings,
    TelemetryConfig,
    WyomingConfig,
    parse_config,
)

PAGE = Path(__file__).parent.parent / "docs" / "configuration.md"


def documented() -> dict[str, object]:
    text = PAGE.read_text(encoding="utf-8")
    return tomllib.loads(text.partition("```toml\n")[2].partition("```")[0])


def test_the_example_is_a_valid_configuration() -> None:
    parse_config(documented(), str(PAGE))


def test_every_setting_is_documented() -> None:
    page = documented()
    for table, kind in (
        (page, Config),
        (page["server"], ServerConfig),
        (page["limits"], Limits),
        (page["memory"], MemoryConfig),
        (page["telemetry"], TelemetryConfig),
        (page["wyoming"], WyomingConfig),
    ):
        assert isinstance(table, dict)
        assert set(table) == {field.name for field in msgspec.structs.fields(kind)}
    assert isinstance(page["session"], dict)
    assert set(page["session"]) == {field.name for field in msgspec.structs.fields(SessionSettings)}


def test_documented_defaults_are_the_defaults() -> None:
    parsed = parse_config(documented())
    assert parsed.limits == Limits()
    assert parsed.memory == MemoryConfig()
    assert parsed.server == ServerConfig()
    assert parsed.telemetry == TelemetryConfig()
    assert parsed.wyoming == WyomingConfig()
    assert (parsed.threads, parsed.answer_tokens, parsed.prompt_tokens, parsed.playout_lead_ms) == (
        Config().threads,
        Config().answer_tokens,
        Config().prompt_tokens,
        Config().playout_lead_ms,
    )
