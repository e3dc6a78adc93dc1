"""The pure parts of the barge-in bench: what was played, what was silent, and how loud things are."""

from pathlib import Path

import numpy as np
import pytest

from antiphon.bench.barge_in import Scene, played_words, summary, table
from antiphon.bench.barge_in_client import Answer, Stretch
from antiphon.bench.barge_in_sounds import first_word, levelled
from antiphon.bench.figures import machine
from antiphon.bench.recordings import Recording
from antiphon.contracts import CLOCK_HZ


def scene(kind: str, *, stopped: bool, **more: object) -> Scene:
    known = {
        **dict.fromkeys(("snr_db", "silent_ms", "announced_ms", "wrong_words")),
        "name": "",
        "gaps_ms": [],
    }
    return Scene(kind=kind, stopped=stopped, **(known | more))


@pytest.mark.parametrize(("played_s", "words"), [(0.3, "Once"), (0.65, "Once"), (0.75, "Once upon")])
def test_a_word_is_played_when_half_of_it_is(played_s: float, words: str) -> None:
    answer = Answer("r", words=[("Once", 0.0), (" upon", 0.5), (" a", 1.0)])
    answer.stretches.append(Stretch(round(played_s * CLOCK_HZ), 0.0, 0.0))
    assert played_words(answer) == words


def test_a_gap_is_where_nothing_was_left_to_play() -> None:
    second = CLOCK_HZ
    answer = Answer("r", stretches=[Stretch(second, 0, 0), Stretch(second, 1, 1), Stretch(second, 2.5, 2.5)])
    assert answer.gaps(0.0, 9.0) == [pytest.approx(0.5)]
    assert answer.gaps(2.6, 9.0) == []


def test_a_level_is_that_of_the_loudest_fifth() -> None:
    quiet, loud = np.full(8 * 4800, 1e-4, np.float32), np.full(2 * 4800, 0.3, np.float32)
    made = levelled(np.concatenate([quiet, loud]), -26.0)
    assert 20 * np.log10(made[-4800]) == pytest.approx(-26.0, abs=0.1)


@pytest.mark.parametrize(
    ("labels", "aligned_s", "onset_s"),
    [
        ({}, None, 0.2),
        pytest.param({}, 0.5, 0.6, id="where it is still silent, where the voice begins"),
        pytest.param({}, 0.9, 0.8, id="in the voice, as early as the alignment may mean"),
        ({"words": [[0.14, 0.3, "she"]]}, 0.9, 0.14),
    ],
)
def test_an_interruption_begins_with_its_first_word(
    labels: dict[str, object], aligned_s: float | None, onset_s: float
) -> None:
    one = Recording(
        path=Path("a.flac"),
        name="a.flac",
        set="",
        speaker="",
        half="tune",
        transcript="",
        transcript_kind="",
        seconds=3.0,
        labels=labels,
    )
    at_s = np.arange(2 * CLOCK_HZ) / CLOCK_HZ
    voice = 0.1 * np.sign(np.sin(2 * np.pi * 150 * at_s)) * (at_s > 0.6)
    smack = 0.1 * np.sin(2 * np.pi * 3000 * at_s) * (at_s > 0.2) * (at_s < 0.25)
    found = first_word(one, (voice + smack).astype(np.float32), CLOCK_HZ // 5, aligned_s)
    assert found / CLOCK_HZ == pytest.approx(onset_s, abs=0.025)


def test_a_summary_counts_what_was_cut_and_what_survived() -> None:
    scenes = [
        scene("interruption", stopped=True, silent_ms=150.0, announced_ms=500.0, wrong_words=1),
        scene("interruption", stopped=False),
        scene("backchannel", stopped=False, gaps_ms=[300.0, 20.0]),
        scene("noise", stopped=True, snr_db=10),
        scene("noise", stopped=False, snr_db=10),
    ]
    report = summary(scenes, "report", machine())
    assert report["interruptions"]["missed"] == 1
    assert report["interruptions"]["silent_ms_p95"].value == 150.0
    assert report["interruptions"]["silent_in_200_ms"].value == 0.5
    assert report["backchannel"]["gap_ms_most"] == 300.0
    assert report["noise at 10 dB"]["survived"].value == 0.5
    assert "silent_ms_p95" in "\n".join(table(report))
