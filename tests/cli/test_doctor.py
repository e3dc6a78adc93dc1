"""`antiphon doctor`: every failure ends with its mend; the prediction is the sum of what was measured."""

import json
import socket
from pathlib import Path
from threading import Event
from threading import enumerate as enumerate_threads
from typing import Any

import pytest

from antiphon.cli import latency, main
from antiphon.cli.checkup import port
from antiphon.cli.pausing import a_pause
from antiphon.cli.prediction import end_of_turn_wait_ms, predict
from antiphon.contracts import ticks
from antiphon.dialogue import Policy
from antiphon.runtime import Config, ServerConfig

from .test_serve import UNSERVABLE

SCRIPTED = {
    "voice_activity": "ScriptedVoiceActivity",
    "end_of_turn": "ScriptedEndOfTurn",
    "transcriber": "ScriptedTranscriber",
    "language_model": "ScriptedLanguageModel",
    "synthesizer": "ScriptedSynthesizer",
    "journal": "ScriptedJournal",
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home: no weights, nothing measured."""
    monkeypatch.setenv("ANTIPHON_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("antiphon.cli.probes._REST_S", 0.0)
    return tmp_path / "home"


@pytest.fixture
def scripted(tmp_path: Path) -> str:
    """A configuration of engines that need nothing; the model takes its time."""
    path = tmp_path / "antiphon.toml"
    tables = [
        f'[engines.{part}]\nuse = "antiphon.engines.scripted:{name}"' for part, name in SCRIPTED.items()
    ]
    text = "\n".join(tables).replace(
        'ScriptedLanguageModel"', 'ScriptedLanguageModel"\nsettings = { first_token_ms = 20, token_ms = 2 }'
    )
    path.write_text(f"[server]\nport = 0\n{text}\n")
    return str(path)


def document(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, dict[str, Any]]:
    code = main([*args, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_every_failure_names_its_mend(capsys: pytest.CaptureFixture[str]) -> None:
    code, told = document(capsys, "doctor", "--quick")
    failures = [finding for finding in told["findings"] if finding["health"] == "failure"]
    assert code == 1
    assert not told["ok"]
    assert all(finding["remedy"] for finding in told["findings"] if finding["health"] != "ok")
    assert {"antiphon models pull silero-vad", "antiphon models pull whisper-tiny.en"} <= {
        finding["remedy"] for finding in failures
    }


def test_missing_weights_are_told_once_and_measure_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    _, told = document(capsys, "doctor", "--quick")
    names = [finding["name"] for finding in told["findings"]]
    assert len(names) == len(set(names))
    assert told["latency_ms"] == {}
    assert told["prediction"] is None


def test_engines_are_measured_and_the_terms_add_up(
    capsys: pytest.CaptureFixture[str], scripted: str, home: Path
) -> None:
    code, told = document(capsys, "--config", scripted, "doctor")
    assert code == 0
    measured = told["latency_ms"]
    assert set(measured) == {"synthesizer", "voice_activity", "end_of_turn", "transcriber", "language_model"}
    assert measured["language_model"]["first_token"] >= 20
    assert measured["language_model"]["token"] >= 2
    assert measured["language_model"]["clause_token"] >= 2
    report = told["prediction"]["report"]
    total = sum(term["ms"] for term in report["terms"]) - report["overlap_ms"] + report["residual_ms"]
    assert total == pytest.approx(report["sent_ms"])
    assert told["kept"] == str(home / latency.FILE)
    used = "antiphon.engines.scripted:ScriptedLanguageModel"
    assert latency.known("language_model", used)["token"] == pytest.approx(
        measured["language_model"]["token"], abs=0.01
    )


def test_a_person_reads_what_is_slow_and_what_would_help(
    capsys: pytest.CaptureFixture[str], scripted: str
) -> None:
    assert main(["doctor", "--config", scripted]) == 0
    shown = capsys.readouterr().out
    assert "mouth to ear, predicted:" in shown
    assert "the slowest term is end of turn (policy, 278 ms)" in shown
    assert 'eagerness = "high"' in shown
    assert "tokens a second" in shown


def test_a_broken_configuration_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["--config", str(tmp_path / "none.toml"), "doctor"]) == 1
    assert "there is no configuration file" in capsys.readouterr().err


def test_an_engine_nobody_knows_is_a_failure(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "antiphon.toml"
    path.write_text('[engines.transcriber]\nuse = "wisper"\n')
    code, told = document(capsys, "--config", str(path), "doctor", "--quick")
    (finding,) = [finding for finding in told["findings"] if finding["name"] == "transcriber"]
    assert code == 1
    assert "whisper" in finding["detail"]
    assert finding["remedy"] == "antiphon engines"


def test_what_cannot_be_served_is_told_all_at_once_each_with_its_mend(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTIPHON_KEY", raising=False)
    path = tmp_path / "antiphon.toml"
    path.write_text(UNSERVABLE)
    code, told = document(capsys, "--config", str(path), "doctor", "--quick")
    wrong = {
        (finding["name"], finding["remedy"])
        for finding in told["findings"]
        if finding["health"] == "failure" and not finding["name"].startswith("weights")
    }
    assert code == 1
    assert wrong == {
        ("transcriber", "other values below [engines.transcriber] in antiphon.toml"),
        ("memory engine", "antiphon engines"),
        ("cast", "antiphon cast check missing.yaml, or another `cast` in antiphon.toml"),
        ("session", "other values below [session] in antiphon.toml"),
        ("key", "export ANTIPHON_KEY=$(openssl rand -hex 24)"),
        ("home assistant", "other values below [wyoming] in antiphon.toml"),
    }
    assert len([finding for finding in told["findings"] if finding["name"] == "session"]) == 2


def needed(told: dict[str, Any]) -> str:
    (finding,) = [finding for finding in told["findings"] if finding["name"] == "memory"]
    return finding["detail"].rpartition("available, ")[2]


def test_a_model_whose_size_nobody_knows_is_not_counted_as_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "antiphon.toml"
    path.write_text(
        '[engines.language_model]\nuse = "llama"\nsettings = { model = "qwen3-4b-instruct-2507-q4_k_m" }'
    )
    _, told = document(capsys, "--config", str(path), "doctor", "--quick")
    assert needed(told) == "1.1 GB needed beside qwen3-4b-instruct-2507-q4_k_m, whose size is unknown"


def test_a_model_that_is_not_here_yet_counts_with_its_size(capsys: pytest.CaptureFixture[str]) -> None:
    _, told = document(capsys, "doctor", "--quick")
    assert needed(told) == "2.3 GB needed"


def test_a_model_file_of_ones_own_has_to_be_there(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path, model = tmp_path / "antiphon.toml", tmp_path / "mine.gguf"
    path.write_text(f'[engines.language_model]\nuse = "llama"\nsettings = {{ path = "{model}" }}')
    for health in ("failure", "ok"):
        _, told = document(capsys, "--config", str(path), "doctor", "--quick")
        (finding,) = [finding for finding in told["findings"] if finding["name"] == "weights mine.gguf"]
        assert finding["health"] == health
        model.write_bytes(b"GGUF")


def test_a_taken_port_is_noticed() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        number = holder.getsockname()[1]
        finding = port(Config(server=ServerConfig(port=number)))
    assert (finding.health, finding.remedy) == ("warning", f"antiphon serve --port {number + 1}")
    assert port(Config(server=ServerConfig(port=0))).health == "ok"


def test_the_wait_follows_the_policy() -> None:
    assert end_of_turn_wait_ms(Policy(mode="manual"), 60) == 0
    assert end_of_turn_wait_ms(Policy(mode="silence", silence_ticks=ticks(700)), 60) == 700
    assert end_of_turn_wait_ms(Policy(), 60) == pytest.approx(278, abs=1)
    assert end_of_turn_wait_ms(Policy(patience=2), 60) == pytest.approx(528, abs=1)
    assert end_of_turn_wait_ms(Policy(), 900) == 28 + 96 + 900


def test_an_answer_is_begun_while_somebody_is_asked_whether_the_turn_is_over() -> None:
    asked = Event()
    with a_pause(asked.set):
        assert asked.wait(10)
    assert not any(thread.name == "a-pause" for thread in enumerate_threads())
    with a_pause(None):
        assert not any(thread.name == "a-pause" for thread in enumerate_threads())


def test_work_hidden_in_the_wait_costs_nothing() -> None:
    measured = {
        "end_of_turn": {"score": 60.0},
        "transcriber": {"turn": 80.0},
        "language_model": {"first_token": 50.0, "clause_token": 5.0},
        "synthesizer": {"first_clause": 10.0},
    }
    prediction = predict(Config(), measured)
    assert prediction is not None
    assert prediction.report.sent_ms == pytest.approx(278, abs=1)
    assert prediction.report.overlap_ms == pytest.approx(80 + 50 + 3.7 * 5 + 10)
    assert prediction.slowest.name == "end_of_turn"
    assert predict(Config(), {"end_of_turn": {"score": 60.0}}) is None


def test_what_the_work_outlasts_is_not_worth_shortening() -> None:
    measured = {
        "end_of_turn": {"score": 60.0},
        "transcriber": {"turn": 80.0},
        "language_model": {"first_token": 160.0, "clause_token": 20.0},
        "synthesizer": {"first_clause": 10.0},
    }
    prediction = predict(Config(), measured)
    assert prediction is not None
    assert prediction.report.sent_ms == pytest.approx(72 + 80 + 160 + 3.7 * 20 + 10)
    assert prediction.slowest.name == "first_token"
