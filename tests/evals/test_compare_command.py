"""`antiphon eval compare`: what it says with its exit code, and what it refuses to compare."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from antiphon.cli import eval_compare, main
from antiphon.evals.draws import DRAWS_FILE, append
from antiphon.evals.records import conversations, read_run, write_conversation, write_run

from .logs import drawn, folder_of


def test_compare_says_it_with_its_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = folder_of(tmp_path / "a")
    slow = folder_of(tmp_path / "b", slow_ms=1500)
    assert main(["eval", "compare", str(before), str(slow)]) == 1
    assert "WORSE" in capsys.readouterr().out
    args = ["--measure", "latency_ms", "--margin", "latency_ms=500"]
    assert main(["eval", "compare", str(slow), str(before), *args]) == 0
    capsys.readouterr()
    assert main(["eval", "compare", str(before), str(before), "--json"]) == 2
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert "more pairs" in found["compared"][0]["settle"]


def test_what_cannot_be_compared_is_no_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = str(folder_of(tmp_path / "a"))
    assert main(["eval", "compare", run, str(tmp_path / "c")]) == 3
    assert "antiphon eval run" in capsys.readouterr().err
    for wrong, said in (
        (["--margin", "foo"], "--margin foo: write NAME=VALUE, such as latency_ms=500"),
        (["--margin", "foo=1"], "no measure that decides is called 'foo'"),
        (["--margin", "missed=inf"], "--margin missed=inf: a margin is a number above 0"),
        (["--margin", "missed=0.2", "--measure", "success"], "add --measure missed"),
        (["--alpha", "7"], "--alpha 7.0 is no share of false alarms"),
    ):
        assert main(["eval", "compare", run, run, *wrong]) == 3
        assert said in capsys.readouterr().err
    for wrong in (["eval", "compare", run], ["eval", "compare", run, run, "--loud"]):
        with pytest.raises(SystemExit) as ended:
            main(wrong)
        assert ended.value.code == 3
        assert capsys.readouterr().err.startswith("usage: antiphon eval compare ")


def test_runs_of_other_suites_or_modes_are_not_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, after = folder_of(tmp_path / "a"), folder_of(tmp_path / "b")
    write_run(after, msgspec.structs.replace(read_run(after), mode="speech"))
    assert main(["eval", "compare", str(before), str(after)]) == 3
    assert "hold both with the same --mode" in capsys.readouterr().err
    other = folder_of(tmp_path / "c")
    for each in list(conversations(other)):
        (other / "conversations" / f"{each.id}.json").unlink()
        write_conversation(other, msgspec.structs.replace(each, id=f"x-{each.seed}", scenario="x"))
    assert main(["eval", "compare", str(before), str(other)]) == 3
    assert "have no scenario in common: hold both with the same suite" in capsys.readouterr().err


def test_a_fault_of_the_comparison_is_no_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = str(folder_of(tmp_path / "a"))
    monkeypatch.setattr(eval_compare, "compare", lambda *_, **__: 1 / 0)
    assert main(["eval", "compare", run, run]) == 3
    assert "ZeroDivisionError" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["report", "RUN", "--worst", "-1"], "argument --worst: -1 is no whole number from 0 on"),
        (["label", "RUN", "--rater", "a", "--most", "0"], "argument --most: 0 is no whole number from 1 on"),
        (
            ["judge-card", "--labels", "RUN", "--draws", "x"],
            "argument --draws: x is no whole number from 1 on",
        ),
        (["run", "SUITE", "--first-seed", "-1"], "argument --first-seed: -1 is no whole number from 0 on"),
    ],
)
def test_a_number_that_cannot_be_is_refused(
    command: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["eval", *command])
    assert said in capsys.readouterr().err


def test_a_judge_may_say_worse_and_never_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = [folder_of(tmp_path / name, seeds=20) for name in ("a", "b")]
    only = ["--measure", "latency_ms", "--criterion", "successful"]
    assert main(["eval", "compare", *map(str, folders), *only]) == 3
    assert "antiphon eval judge" in capsys.readouterr().err
    for folder, value in zip(folders, (0.9, 0.4), strict=True):
        append(
            folder / DRAWS_FILE,
            [
                drawn(f"{scenario}-{seed}", value + seed / 100)
                for scenario in ("early", "late", "loud")
                for seed in range(20)
            ],
        )
    assert main(["eval", "compare", *map(str, folders), *only]) == 1
    assert "judged successful: worse" in capsys.readouterr().out
    assert main(["eval", "compare", str(folders[1]), str(folders[0]), *only]) == 2
    assert "a judge alone" in capsys.readouterr().out


def test_how_often_a_judge_was_asked_is_no_difference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = [folder_of(tmp_path / name, seeds=4) for name in "ab"]
    for folder, said in zip(folders, ([0.9], [0.9] + [0.1] * 8), strict=True):
        names = [f"{scenario}-{seed}" for scenario in ("early", "late", "loud") for seed in range(4)]
        draws = [drawn(name, value, seed=seed) for name in names for seed, value in enumerate(said)]
        append(folder / DRAWS_FILE, draws)
    for one, other in (folders, folders[::-1]):
        assert main(["eval", "compare", str(one), str(other), "--criterion", "successful", "--json"]) == 2
        judged = json.loads(capsys.readouterr().out)["compared"][-1]
        assert judged["before"] == judged["after"] == pytest.approx(0.9)


def test_versions_are_compared_by_a_judge_that_judged_both(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = [folder_of(tmp_path / name, seeds=5) for name in ("a", "b")]
    for folder, judges in zip(folders, (("j@1", "j@2"), ("j@2", "j@1", "j@3")), strict=True):
        append(folder / DRAWS_FILE, [drawn("early-0", 0.5, evaluator=judge) for judge in judges])
    both = ["eval", "compare", *map(str, folders), "--criterion", "successful"]
    assert main(both) == 2
    append(folders[0] / DRAWS_FILE, [drawn("early-1", 0.5, evaluator="j@4")])
    assert main(both) == 2
    capsys.readouterr()
    (folders[1] / DRAWS_FILE).write_bytes(b"")
    append(folders[1] / DRAWS_FILE, [drawn("early-0", 0.5, evaluator="j@5")])
    assert main(both) == 3
    assert "was judged by j@4 and j@5: judge" in capsys.readouterr().err
