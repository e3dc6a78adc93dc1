"""A run's logs: nothing in them is lost, counted twice, or passed over in silence."""

from pathlib import Path

import msgspec
import pytest

from antiphon.evals.draws import DRAWS_FILE, LABELS_FILE, append, read_draws, read_labels
from antiphon.evals.judging import conclude
from antiphon.evals.records import RunUnreadable

from .logs import drawn, label


def test_a_draw_without_a_value_is_at_its_worst_and_at_its_best_beside_others_too() -> None:
    clusters = {f"c{n}": f"s{n}" for n in range(12)}
    draws = [drawn(name, 1.0 if seed == 0 else None, seed=seed) for name in clusters for seed in range(5)]
    found = conclude("successful", draws, [], clusters)
    assert found is not None
    assert found.verdict.missing == 48
    assert found.verdict.raw.low < 0.2
    assert found.verdict.raw.high > 0.99


def test_what_was_drawn_twice_is_one_draw(tmp_path: Path) -> None:
    one, other = drawn("early-0", 0.2), drawn("early-0", 0.4, seed=2)
    append(tmp_path / DRAWS_FILE, [one, one, other])
    append(tmp_path / DRAWS_FILE, [one])
    assert read_draws(tmp_path) == [one, other]


def test_of_a_log_only_what_a_crash_has_left_is_passed_over(tmp_path: Path) -> None:
    whole = msgspec.json.encode(drawn('é "early" {0', 0.2))
    for cut in range(1, len(whole)):
        (tmp_path / DRAWS_FILE).write_bytes(whole + b"\n" + whole[:cut])
        assert len(read_draws(tmp_path)) == 1
    said = msgspec.json.encode(label("early-0", 1.0))
    for damaged in (said + b",", said + b" # sure", said.replace(b"1.0", b"5"), b"early-0 good"):
        (tmp_path / LABELS_FILE).write_bytes(said + b"\n" + damaged + b"\n")
        with pytest.raises(RunUnreadable, match="line 2, is damaged"):
            read_labels(tmp_path)
