"""The bench of the evaluation itself, small: what it says of judges and versions of which all is known."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from antiphon.bench.judges_again import again
from antiphon.bench.judges_cost import RATE, asked, cost, simulated_dice
from antiphon.bench.judges_cover import Population, coverage, simulated
from antiphon.bench.judges_labels import opinions, populations
from antiphon.bench.judges_rivals import rivals
from antiphon.bench.judges_versions import power
from antiphon.bench.judgments import CORPORA, read_items
from antiphon.cli import main
from antiphon.contracts import Draw, PrerequisiteMissing
from antiphon.evals.card import card
from antiphon.evals.draws import append


def test_a_flatterer_is_believed_by_nobody_but_the_raw_rate() -> None:
    found = {
        each.way: each for each in coverage(simulated("flatterer", 0.95, 0.7), runs=25) if each.labels == 100
    }
    assert found["raw judge"].covered.value == 0
    assert found["ours"].covered.value >= 0.8
    assert abs(found["ours"].bias) < 0.03 < found["raw judge"].bias


def test_no_recipe_of_repeats_mends_a_bias() -> None:
    dice = np.random.default_rng(0)
    good = (dice.random(400) < 0.7).astype(float)
    lenient = Population(name="x", judged=0.6 + 0.3 * good, good=good, cluster=np.arange(400) // 4)
    for each in rivals(lenient, runs=20):
        assert each.bias > 0.05
        assert each.covered.value <= 0.2


def test_fewer_calls_and_no_larger_error() -> None:
    found = cost("x", simulated_dice(0.5, 0.5, conversations=400, labels=60), RATE, 60, runs=10)
    assert found.saved >= 0.4
    assert found.error <= 1.15 * found.error_fixed


def test_a_question_takes_fewer_calls_still_and_has_the_same_answer() -> None:
    found = asked("x", simulated_dice(0.3, 0.0, conversations=300, labels=80), RATE, 80, runs=10)
    assert found.saved >= 0.5
    assert found.same.value >= 0.8
    assert found.wrong.value <= 0.1


def test_a_log_gives_its_verdict_again_and_other_dice_do_not_contradict_it() -> None:
    for draws in (2, None):
        found = again("x", simulated_dice(0.5, 0.0, conversations=300, labels=80), 80, draws=draws, runs=10)
        assert found.calls == 600 if draws else found.calls < 900
        assert found.replayed.value == 1
        assert found.contradicted.value == 0
        assert found.same.value >= 0.8


def test_faults_are_found_and_their_absence_is_not() -> None:
    assert power("1.5 s slower", runs=4).worse.value == 1
    assert power("none (A/A)", runs=3).worse.value == 0


def test_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {
            "id": f"r{n}",
            "unit": "turn",
            "context": [{"role": "user", "text": "Hello"}],
            "response": "Hello",
            "labels": {"overall": [n % 3]},
            "scale": {"overall": [0, 2]},
            "meta": {"cluster": n // 4},
        }
        for n in range(12)
    ]
    (tmp_path / "conture_turn.jsonl").write_bytes(b"\n".join(msgspec.json.encode(row) for row in rows))
    items = read_items(tmp_path, CORPORA[0])
    assert (len(items), sum(item.good for item in items)) == (12, 8)
    with pytest.raises(PrerequisiteMissing, match="eva_conciseness"):
        read_items(tmp_path, CORPORA[1])
    assert main(["bench", "judges", "--parts", "again", "--runs", "3", "--out", str(tmp_path / "out")]) == 0
    assert "asked again" in capsys.readouterr().out
    assert (tmp_path / "out" / "judges.json").is_file()


def test_a_conversation_of_which_nothing_could_be_said_stays_among_those_that_are_judged(
    tmp_path: Path,
) -> None:
    rows = [
        {
            "id": f"talk {n}",
            "unit": "dialog",
            "context": [{"role": "user", "text": "Hello"}],
            "response": None,
            "labels": {"faithfulness": [1 + n % 3]},
            "meta": {"why": ""},
        }
        for n in range(30)
    ]
    (tmp_path / "eva_faithfulness.jsonl").write_bytes(b"\n".join(msgspec.json.encode(row) for row in rows))
    corpus = next(each for each in CORPORA if each.name == "eva_faithfulness")
    items = read_items(tmp_path, corpus)
    draws = [
        Draw(
            evaluator="faithful@0",
            subject=item.id,
            seed=0,
            value=None if place < 3 else 0.9,
            missing="too long" if place < 3 else None,
        )
        for place, item in enumerate(items)
    ]
    append(tmp_path / "eva_faithfulness-0.5b.jsonl", draws)
    [(population, judged)] = populations(opinions(tmp_path, corpus, "0.5b", items))
    assert {item.subject.kind for item in items} == {"conversation"}
    assert len(set(population.cluster.tolist())) == len(items) == 30
    assert population.judged[:4].tolist() == [0.5, 0.5, 0.5, 0.9]
    assert card("faithful", population.name, judged).missing == 3
