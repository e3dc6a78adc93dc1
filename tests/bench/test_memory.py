"""The bench of the memory: LoCoMo's traps, the other ways, the fit, and the whole of it on a small file."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from antiphon.bench import memory as bench_memory
from antiphon.bench import memory_growth
from antiphon.bench.locomo import read_talks
from antiphon.bench.memory_cases import cases_of, spoken, view_of
from antiphon.bench.memory_fit import fit
from antiphon.bench.memory_growth import growth
from antiphon.bench.memory_rivals import common_phrases, pairs_of_story, rival_weights
from antiphon.bench.memory_tally import auroc
from antiphon.bench.memory_updates import stories, updates
from antiphon.bench.memory_ways import Bm25
from antiphon.cli import main
from antiphon.contracts import BadRequest, EngineSetup, PrerequisiteMissing
from antiphon.engines.minilm import MiniLM
from antiphon.engines.scripted import ScriptedEmbedder
from antiphon.memory.rival_weights import RIVALS
from antiphon.memory.signals import NAMES

THINGS = ("violin", "kettle", "ladder", "carpet", "mirror", "candle", "basket", "hammer")
PLACES = ("cupboard", "attic", "cellar", "garden", "kitchen", "hallway", "garage", "library")


def sample(name: str) -> dict[str, object]:
    """A conversation in which Mira says where things are and Otto where his are."""
    turns = [
        {
            "speaker": speaker,
            "dia_id": f"D1:{place * 2 + shift + 1}",
            "text": f"I keep my {thing} in the {where}.",
        }
        for place, (thing, where) in enumerate(zip(THINGS, PLACES, strict=True))
        for shift, speaker in enumerate(("Mira", "Otto"))
    ]
    qa: list[dict[str, object]] = [
        {
            "question": f"Where does {speaker} keep the {thing}?",
            "answer": 7,
            "evidence": [f"D1:0{place * 2 + shift + 1}"],
            "category": 4,
        }
        for place, thing in enumerate(THINGS)
        for shift, speaker in enumerate(("Mira", "Otto"))
    ]
    qa += [
        {"question": "Where did Mira fly to?", "evidence": ["D1:1; D1:3", "D"], "category": 5},
        {"question": "No evidence?", "evidence": [], "category": 4},
        {"question": "No such turn?", "evidence": ["D9:9"], "category": 4},
    ]
    conversation = {
        "session_1": turns,
        "session_1_date_time": "1:56 pm on 8 May, 2023",
        "session_2_date_time": "x",
    }
    return {"sample_id": name, "conversation": conversation, "qa": qa, "observation": {"secret": "gold"}}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A file in LoCoMo's format with three conversations."""
    path = tmp_path / "locomo.json"
    path.write_text(json.dumps([sample(name) for name in ("a", "b", "c")]), encoding="utf-8")
    return path


def test_evidence_is_read_through_its_traps(data: Path) -> None:
    talk = read_talks(data)[0]
    assert [one.said_at for one in talk.utterances[:1]] == ["2023-05-08T13:56:00"]
    assert len(talk.queries) == 2 * len(THINGS) + 1
    assert talk.queries[-1].evidence == {"a/D1:1", "a/D1:3"}
    assert talk.queries[0].evidence == {"a/D1:1"}
    assert "gold" not in str(talk)


def test_what_is_not_locomo_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}", encoding="utf-8")
    with pytest.raises(BadRequest, match="LoCoMo"):
        read_talks(tmp_path / "x.json")
    with pytest.raises(PrerequisiteMissing, match="--data"):
        read_talks(tmp_path / "none.json")


def test_bm25_prefers_the_rare_word_and_the_short_text() -> None:
    scores = Bm25(["tea and cake", "tea", "tea, " + "and a story " * 9, "rain"]).scores("tea cake")
    assert scores[0] > scores[1] > scores[2] > scores[3] == 0


def test_a_fit_finds_out_who_is_asked_about(data: Path) -> None:
    talk = read_talks(data)[0]
    embedder = ScriptedEmbedder()
    view = view_of(talk, embedder.embed(spoken(talk)))
    cases = cases_of(talk, view, embedder.embed([query.text for query in talk.queries]))
    by = fit(cases)
    weigh = dict(zip(NAMES, by.signals, strict=True))
    assert weigh["by whom is asked about"] + weigh["of themselves"] > 0.5
    assert weigh["vector"] > 0
    assert fit(cases, walks=False).walked == 0
    assert dict(zip(NAMES, fit(cases, without=("vector",)).signals, strict=True))["vector"] == 0


def test_auroc_of_what_is_told_apart_and_what_is_not() -> None:
    assert auroc([(0.1, False), (0.2, False), (0.8, True), (0.9, True)]).value == 1
    assert auroc([(0.9, False), (0.1, True)]).value == 0


@pytest.mark.real
def test_most_stale_facts_are_not_offered(weights: Callable[[str], Path]) -> None:
    got = updates(stories("report", 1)[::6], MiniLM.open(EngineSetup(weights=weights, threads=1)))
    # Nearly always, if nothing were noticed; what is left is told in words that no mark knows.
    assert got.stale.value < 0.3
    assert got.current > 0.9
    assert got.kept.value > 0.9
    assert got.undisturbed > 0.97


def test_stories_of_the_two_parts_have_nothing_in_common() -> None:
    tuned, reported, fresh, unseen = (
        {(story.kind, story.wording) for story in stories(part, 1)}
        for part in ("tune", "report", "fresh", "unseen")
    )
    assert len(tuned) > 800
    assert len(reported) > 80
    assert len(fresh) > 140
    assert len(unseen) > 160
    kinds_tuned = {kind for kind, _ in tuned}
    assert not kinds_tuned & {kind for kind, _ in reported | fresh | unseen}
    for story in (*stories("report", 1), *stories("fresh", 1), *stories("unseen", 1)):
        assert story.old in story.turns[0].text
        assert story.old != story.new


def test_weights_of_rivals_are_fitted_to_stories(data: Path) -> None:
    told = [story for story in stories("tune", 1) if story.kind in ("home", "gym")][::2]
    embedder = ScriptedEmbedder()
    true = sum(float(one.true.sum()) for story in told for one in pairs_of_story(story, embedder))
    assert true == sum(story.changed for story in told)
    talk = read_talks(data)[0]
    view = view_of(talk, embedder.embed(spoken(talk)))
    cases = cases_of(talk, view, embedder.embed([query.text for query in talk.queries]))
    weights, spoken_of = rival_weights(told, embedder, cases)
    assert weights.keys() == RIVALS.keys()
    assert all(np.isfinite(weight) for weight in weights.values())
    assert not spoken_of  # no phrase is of ten kinds where there are two
    assert {"now", "now $"} <= set(common_phrases(stories("tune", 1)[::5]))


def test_a_generated_memory_finds_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_growth, "_STRIDE", 1024)
    got = growth(1024, questions=20)
    assert got.facts > 2_500  # a stride is learned whole
    assert got.found > 0.9
    assert got.median_ms <= got.p99_ms


def test_the_whole_bench(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_memory, "_embedder", ScriptedEmbedder)
    monkeypatch.setattr(bench_memory, "_TURNS", 20)
    monkeypatch.setattr(bench_memory, "data_home", lambda: tmp_path)
    monkeypatch.setattr(bench_memory, "stories", lambda part, rounds: stories(part, rounds)[::14])
    assert main(["bench", "memory", "--data", str(data), "--held-out", "1", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["tuned_on"] == ["a", "b"]
    assert report["held_out"]["talks"] == ["c"]
    ours = {line["category"]: line for line in report["held_out"]["lines"] if line["way"] == "antiphon"}
    assert ours["single-hop"]["recall"][-1]["value"] == 1
    assert report["heard"]["100%"] == pytest.approx(ours["all"]["recall"][1]["value"])
    assert np.isfinite(report["speed"]["p99_ms"])
    assert main(["bench", "memory", "--data", str(data), "--held-out", "3"]) == 1
