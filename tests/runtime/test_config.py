"""The configuration file: what it says, and everything that is wrong with it at once."""

from pathlib import Path

import pytest

from antiphon.contracts import ConfigInvalid
from antiphon.engines import ik_native
from antiphon.runtime import Config, EngineChoice, ServerVad, load_config, parse_config


def problems(table: dict[str, object]) -> tuple[str, ...]:
    with pytest.raises(ConfigInvalid) as invalid:
        parse_config(table, "antiphon.toml")
    return invalid.value.problems


def test_nothing_said_means_the_defaults() -> None:
    assert parse_config({}) == Config()


def test_a_part_that_is_not_named_keeps_its_default() -> None:
    config = parse_config({"engines": {"transcriber": {"use": "scripted", "settings": {"words": "hello"}}}})
    assert config.engines["transcriber"] == EngineChoice(use="scripted", settings={"words": "hello"})
    assert config.engines["synthesizer"] == Config().engines["synthesizer"]


@pytest.mark.parametrize(("runs", "name"), [(True, "ik"), (False, "llama")])
def test_the_language_model_is_the_one_whose_library_runs_here(
    monkeypatch: pytest.MonkeyPatch, runs: bool, name: str
) -> None:
    monkeypatch.setattr(ik_native, "installed", lambda: runs)
    assert parse_config({}).engines["language_model"] == EngineChoice(use=name)


def test_a_session_may_begin_in_another_way() -> None:
    config = parse_config({"session": {"turn_detection": {"type": "server_vad", "silence_duration_ms": 700}}})
    assert config.session.turn_detection == ServerVad(silence_duration_ms=700)


def test_a_session_begins_within_the_bounds_of_what_a_client_may_ask() -> None:
    told = problems(
        {
            "session": {
                "temperature": 7,
                "speed": 0,
                "max_output_tokens": 0,
                "turn_detection": {"type": "server_vad", "threshold": 2, "silence_duration_ms": -1},
            }
        }
    )
    assert [problem.split(": ", 2)[1] for problem in told] == [
        "session.temperature",
        "session.speed",
        "session.max_output_tokens",
        "session.turn_detection.threshold",
        "session.turn_detection.silence_duration_ms",
    ]
    (unknown,) = problems({"session": {"turn_detection": {"type": "telepathy"}}})
    assert "Invalid value 'telepathy'" in unknown


def test_all_problems_are_told_at_once_each_with_its_place() -> None:
    told = problems(
        {
            "sever": {"port": 1},
            "server": {"prot": 1, "host": 3, "port": 99_999},
            "limits": {"sessions": 0},
            "threads": "two",
            "engines": {"transcrber": {"use": "x"}, "language_model": {"uses": "y"}},
            "session": {"turn_detection": {"type": "server_vad", "treshold": 1, "silence_duration_ms": "a"}},
        }
    )
    assert told == (
        "antiphon.toml: there is no setting sever; did you mean server?",
        "antiphon.toml: there is no setting server.prot; did you mean port?",
        "antiphon.toml: server.host: Expected `str`, got `int`",
        "antiphon.toml: server.port: Expected `int` <= 65535",
        "antiphon.toml: limits.sessions: Expected `int` >= 1",
        "antiphon.toml: threads: Expected `int`, got `str`",
        "antiphon.toml: there is no engines.transcrber; did you mean transcriber?",
        "antiphon.toml: there is no setting engines.language_model.uses; did you mean use?",
        "antiphon.toml: engines.language_model.use is missing",
        "antiphon.toml: there is no setting session.turn_detection.treshold; did you mean threshold?",
        "antiphon.toml: session.turn_detection.silence_duration_ms: Expected `int`, got `str`",
    )


def test_a_name_like_no_other_is_answered_with_all_there_are() -> None:
    (told,) = problems({"server": {"zzz": 1}})
    assert (
        told == "antiphon.toml: there is no setting server.zzz; known are host, key_env, "
        "media_addresses, port, public_url, twilio_auth_env"
    )


@pytest.mark.parametrize(
    "table", [{"engines": 3}, {"server": []}, {"session": {"turn_detection": {"type": "psychic"}}}]
)
def test_a_table_of_the_wrong_shape_is_a_problem_and_no_crash(table: dict[str, object]) -> None:
    assert len(problems(table)) == 1


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "antiphon.toml"
    file.write_text("threads = 1\n[session]\nvoice = 'man'\n", encoding="utf-8")
    config = load_config(file)
    assert (config.threads, config.session.voice) == (1, "man")


def test_no_file_in_the_working_folder_means_the_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_config(None) == Config()


@pytest.mark.parametrize(("text", "told"), [(None, "no configuration file"), ("threads = ", "antiphon.toml")])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, text: str | None, told: str) -> None:
    file = tmp_path / "antiphon.toml"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigInvalid, match=told):
        load_config(file)
