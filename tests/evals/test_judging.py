"""A run, judged: broken off and gone on with, concluded, replayed, labelled."""

import io
import json
from collections.abc import Sequence
from math import log
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from antiphon.cli import main
from antiphon.contracts import Draw, EngineSetup, Prompt, Subject
from antiphon.engines.scripted import ScriptedEvaluator, ScriptedLanguageModel
from antiphon.evals.criteria import criterion_named
from antiphon.evals.draws import DRAWS_FILE, LABELS_FILE, Label, append, level_of, read_draws, read_labels
from antiphon.evals.judge import ModelJudge
from antiphon.evals.judging import chains_of, conclude, judge_all, subjects_of
from antiphon.evals.records import (
    Gate,
    Run,
    conversations,
    write_conversation,
    write_run,
)

from .logs import booked, drawn, folder_of, label


class _Dice(ScriptedEvaluator):
    """Draws by the seed, and knows what it is asked about."""

    name = "dice@1"

    def draw(self, subject: Subject, seed: int) -> Draw:
        inner, level = subject, 1
        while inner.kind == "draw":
            inner, level = msgspec.convert(inner.content["subject"], Subject), level + 1
        details = {"criterion": "successful", "level": level, "about": inner.id}
        value = 0.6 + 0.4 * Random(seed).random()
        return Draw(evaluator=self.name, subject=subject.id, seed=seed, value=value, details=details)


@pytest.fixture
def dice() -> _Dice:
    def none(name: str) -> Path:
        raise AssertionError(name)

    return _Dice.open(EngineSetup(weights=none))


def _subjects(count: int = 12) -> list[Subject]:
    criterion = criterion_named("successful")
    return [s for n in range(count) for s in subjects_of(booked(f"s{n % 4}", n), criterion)]


def _judged(judge: _Dice, known: Sequence[Draw], *, stop: int | None = None) -> list[Draw]:
    kept = list(known)
    labelled = {"s0-0": 1.0, "s1-1": 0.0}
    going = judge_all(
        judge,
        _subjects(),
        draws=lambda _: 2,
        depth=3,
        seed=7,
        known=known,
        labelled=labelled,
        keep=kept.append,
    )
    for place, _ in enumerate(going):
        if stop is not None and place >= stop:
            break
    return kept


def test_what_was_broken_off_goes_on_where_it_was(dice: _Dice) -> None:
    whole = _judged(dice, [])
    begun = _judged(dice, [], stop=4)
    assert begun == whole[: len(begun)]
    assert _judged(dice, begun) == whole
    assert len({(d.subject, d.seed) for d in whole}) == len(whole)
    levels = [d.details["level"] for d in whole]
    assert levels.count(1) == 24
    assert 2 <= levels.count(3) <= levels.count(2) < 12


def test_what_a_reply_is_judged_by_is_what_came_before_it() -> None:
    turns = list(subjects_of(booked("early", 1), criterion_named("concise")))
    assert [turn.id for turn in turns] == ["early-1#1", "early-1#3"]
    assert turns[0].content["response"] == "At which time?"
    assert len(turns[1].content["context"]) == 3


def test_another_instrument_is_not_mixed_in(dice: _Dice) -> None:
    draws = _judged(dice, [])
    clusters = {subject.id: subject.id.partition("-")[0] for subject in _subjects()}
    other = [msgspec.structs.replace(d, evaluator="dice@0", value=0.0) for d in draws]
    assert conclude("successful", other + draws, [], clusters) == conclude("successful", draws, [], clusters)


def test_verdict_replay_and_label(
    tmp_path: Path, dice: _Dice, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_of(tmp_path / "run", seeds=5)
    subjects = [
        s
        for scenario in ("early", "late", "loud")
        for n in range(5)
        for s in subjects_of(booked(scenario, n), criterion_named("successful"))
    ]
    for _ in judge_all(
        dice,
        subjects,
        draws=lambda _: 2,
        depth=1,
        seed=0,
        known=[],
        labelled={},
        keep=lambda draw: append(folder / DRAWS_FILE, [draw]),
    ):
        pass
    for rater in ("ada", "ben"):
        monkeypatch.setattr("sys.stdin", io.StringIO("y\n" * 11 + "what\nnever\nno\nstop\n"))
        assert main(["eval", "label", str(folder), "--rater", rater]) == 0
    assert "alpha 1.00" in capsys.readouterr().out
    assert len(read_labels(folder)) == 24
    assert main(["eval", "judge", str(folder), "--no-draws", "--at-least", "0.5"]) == 0
    told = capsys.readouterr().out
    assert "at least 50 %" in told
    assert "12 labels" in told
    assert main(["eval", "replay", str(folder)]) == 0
    first = read_labels(folder)[0].subject
    append(folder / LABELS_FILE, [Label(subject=first, criterion="successful", rater="eve", value=0.0)])
    assert main(["eval", "replay", str(folder)]) == 1
    capsys.readouterr()
    assert main(["eval", "replay", str(folder), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["same"] is False
    assert main(["eval", "judge", str(folder), "--no-draws", "--criterion", "progress"]) == 1
    assert "nobody has judged progress in" in capsys.readouterr().err
    (folder / "verdict.json").write_bytes(b"{")
    assert main(["eval", "replay", str(folder)]) == 1
    assert "verdict.json is damaged: " in capsys.readouterr().err
    assert len(read_draws(folder)) == 30


@pytest.mark.parametrize("wrong", [["--at-least", "80"], ["--tolerance", "-1"]])
def test_a_share_that_is_none_is_refused(
    tmp_path: Path, wrong: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["eval", "judge", str(folder_of(tmp_path / "a")), "--no-draws", *wrong]) == 1
    assert "a share, such as 0." in capsys.readouterr().err


def test_what_the_gate_held_back_is_not_judged(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "run", seeds=1)
    bad = msgspec.structs.replace(booked("early", 9), gate=Gate(kept=False, reasons=("invented: x",)))
    write_conversation(folder, bad)

    assert len(list(conversations(folder, kept_only=True))) == 3


def test_of_one_scenario_nothing_can_be_told_and_that_is_replayed_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    write_run(folder, Run(suite="one table", mode="text"))
    names = [f"early-{seed}" for seed in range(20)]
    for seed in range(20):
        write_conversation(folder, booked("early", seed))
    append(folder / DRAWS_FILE, [drawn(name, 0.5 + n / 100) for n, name in enumerate(names)])
    append(folder / LABELS_FILE, [label(name, float(n % 3 > 0)) for n, name in enumerate(names)])
    for question in ([], ["--at-least", "0.1"]):
        assert main(["eval", "judge", str(folder), "--no-draws", "--json", *question]) == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out)["criteria"][0]["verdict"]
        assert (found["answer"], found["estimate"]["low"], found["estimate"]["high"]) == ("cannot tell", 0, 1)
        assert "more than one scenario" in found["settle"]
        assert main(["eval", "replay", str(folder)]) == 0
        assert "the same to the bit" in capsys.readouterr().out


def test_a_tower_stands_on_the_draws_that_were_judged_and_knows_who_was_silent(dice: _Dice) -> None:
    subjects, draws = _subjects(), list[Draw]()
    for seed, depth in ((0, 1), (7, 3)):
        for _ in judge_all(
            dice,
            subjects,
            draws=lambda _: 1,
            depth=depth,
            seed=seed,
            known=draws,
            labelled={subject.id: 1.0 for subject in subjects},
            keep=draws.append,
        ):
            pass
    clusters = {subject.id: subject.id.partition("-")[0] for subject in subjects}
    assert [len(chain.said) for chain in chains_of("successful", draws, [], clusters)] == [3] * 12
    found = conclude("successful", draws, [], clusters)
    assert found is not None
    assert found.tower is not None
    assert len(found.tower.depths) == 3
    for level, said in ((1, 0), (2, 1)):
        quiet = [msgspec.structs.replace(d, value=None) if level_of(d) == level else d for d in draws]
        chains = chains_of("successful", quiet, [], clusters)
        assert [(len(chain.said), chain.missing) for chain in chains] == [(said, True)] * 12
    one = conclude("successful", draws, [], dict.fromkeys(clusters, "s0"))
    assert one is not None
    assert one.tower is None


def test_the_verdict_is_of_the_judge_that_was_asked_for_whoever_drew_last(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_of(tmp_path / "run", seeds=2)
    monkeypatch.setattr(ModelJudge, "open", _scripted)
    told = list[tuple[str, float]]()
    for model in ("0.5b", "1.5b", "0.5b"):
        assert main(["eval", "judge", str(folder), "--models", model, "--json", "--depth", "1"]) == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out)["criteria"][0]
        told.append((found["evaluator"], round(found["verdict"]["raw"]["value"], 2)))
        assert main(["eval", "replay", str(folder)]) == 0
        capsys.readouterr()
    assert told[0] == told[2] != told[1]
    assert read_draws(folder)[-1].evaluator == told[1][0]


class _Content(ScriptedLanguageModel):
    """Says yes, whatever it is asked."""

    def score(self, prompt: Prompt, options: Sequence[str], **_: object) -> tuple[float, ...]:
        return tuple(log(0.8 if option in ("Yes", "A") else 0.2) for option in options)


def _scripted(setup: EngineSetup) -> ModelJudge:
    names = [model["name"] for model in setup.settings["models"]]
    criterion = criterion_named(setup.settings["criterion"])
    return ModelJudge(
        criterion, {name: _Content.open(msgspec.structs.replace(setup, settings={})) for name in names}
    )


def test_where_nothing_counts_there_is_nothing_to_judge_or_to_label(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(tmp_path, Run(suite="two tables", mode="text"))
    for command, what in ((["judge"], "judge"), (["label", "--rater", "ada"], "label")):
        assert main(["eval", *command, str(tmp_path)]) == 1
        assert f"no conversation of {tmp_path} counts: there is nothing to {what}" in capsys.readouterr().err
    assert main(["eval", "label", "--rater", " ", str(tmp_path)]) == 1
    assert "--rater: say who you are" in capsys.readouterr().err
    assert main(["eval", "judge-card", "--criterion", "progress", "--labels", str(tmp_path)]) == 1
    assert "no card: 0 labelled of the 10 that it takes at least" in capsys.readouterr().err
