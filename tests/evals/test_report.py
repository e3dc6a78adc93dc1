"""The page: whole, self-contained, and what was said in it is text whatever it holds."""

import re
from pathlib import Path

import msgspec
import pytest

from antiphon.cli.eval_summary import summary_lines
from antiphon.contracts import Term, TurnReport
from antiphon.evals.making import regauged
from antiphon.evals.records import (
    Check,
    Conversation,
    ConversationOutcome,
    Run,
    conversations,
    read_run,
    write_conversation,
    write_run,
)
from antiphon.evals.report import page
from antiphon.evals.report.talk import badness
from antiphon.evals.report.words import top_line
from antiphon.evals.summary import summarized

from .talks import agent, caller, scenario, talk

SPITEFUL = "<script>alert('x')</script>\"&"


def conversation(seed: int, *, success: bool) -> Conversation:
    report = TurnReport(
        turn=1,
        revisions=1,
        outcome="answered",
        said=SPITEFUL,
        answer="",
        heard="",
        started_at_ms=0,
        terms=(Term("first_token", "ik", 300.0), Term("synthesis", "hibari", 40.0)),
        sent_ms=500,
    )
    talked = talk(
        caller("Hello, I'd like some rolls.", 0, 2_000, intent="opens", heard=SPITEFUL),
        agent(SPITEFUL, 2_500, 4_000, first_ms=500),
        caller("Four rolls, please.", 4_500, 6_000, intent="tells:count"),
        agent("And when?", 6_800, 7_000, first_ms=800),
        caller("On Friday.", 7_500, 8_000, intent="tells:day"),
        agent("Good.", 8_600, 9_000, first_ms=600),
        caller("Do you have rye, too?", 9_300, 10_000, intent="brings_up"),
        agent("We do.", 10_600, 11_000, first_ms=600),
        caller("Goodbye.", 11_500, 12_000, intent="leaves"),
        id=f"rolls-{seed}",
        seed=seed,
        duration_ms=13_000,
        reports=(report,),
        outcome=ConversationOutcome(
            success=success,
            ended="caller",
            checks=(Check(name="slot rolls", held=success, expected=4, found=SPITEFUL),),
        ),
        caller={"caller": SPITEFUL, "aim": "rolls"},
    )
    return regauged(talked, scenario())


@pytest.fixture
def run(tmp_path: Path) -> Path:
    write_run(tmp_path, Run(suite="A <b>shop</b>", mode="speech", scenarios=("rolls",), seeds=(1, 2)))
    for seed in (1, 2):
        write_conversation(tmp_path, conversation(seed, success=seed == 1))
    return tmp_path


def test_it_is_one_file_that_asks_for_nothing(run: Path) -> None:
    html = page(run)
    assert html.startswith("<!doctype html>")
    assert not re.search(r"""(src|href)=["'](?!data:)""", html)
    assert "http" not in html.replace("http-equiv", "")
    assert html.count("<svg") == html.count("</svg>") == 3
    for tag in ("section", "article", "details", "table", "ol", "div"):
        assert len(re.findall(rf"<{tag}[ >]", html)) == html.count(f"</{tag}>"), tag


def test_what_was_said_is_never_markup(run: Path) -> None:
    html = page(run)
    assert "<script>alert" not in html
    assert "A <b>shop" not in html
    assert "&lt;script&gt;alert" in html


def test_the_worst_comes_first_and_says_what_is_wrong(run: Path) -> None:
    html = page(run, worst=1)
    assert html.count('<article class="talk"') == 1
    assert '<article class="talk" id="rolls-2"' in html
    assert "slot rolls" in html


def test_the_top_line_says_it_in_words(run: Path) -> None:
    two = [conversation(1, success=True), conversation(2, success=False)]
    found = summarized(Run(suite="A shop", mode="speech"), two)
    assert top_line(found) == (
        "All was as it should be in 1 of 2 conversations. Answers began 600 ms after the caller stopped "
        "(median), and 95 % of them within 800 ms. 20\N{NO-BREAK SPACE}% of the turns were missed."
    )
    assert top_line(summarized(Run(suite="A shop", mode="speech"), [])).startswith("No conversation counts")


def test_what_broke_off_is_told_with_its_reason(run: Path) -> None:
    broken = conversation(9, success=False)
    outcome = ConversationOutcome(success=False, ended="failed", problem=SPITEFUL)
    write_conversation(run, msgspec.structs.replace(broken, outcome=outcome))
    html = page(run)
    assert "1 broke off, which is no success: &lt;script&gt;" in html


def test_in_writing_no_time_is_told_as_one_of_speech(run: Path) -> None:
    write_run(run, Run(suite="A shop", mode="text", scenarios=("rolls",)))
    for seed in (1, 2):
        spoken = conversation(seed, success=True)
        write_conversation(
            run, regauged(msgspec.structs.replace(spoken, mode="text", audio=None), scenario())
        )
    html, found = page(run), summarized(read_run(run), list(conversations(run)))
    assert "first token, median" in html
    assert "mouth to ear, median" not in html
    assert "to hear it" not in html
    assert "on the caller's watch" not in html.replace("&#x27;", "'")
    assert "In writing, the first token came after 600 ms (median)" in top_line(found)
    assert "on_time" not in {figure.name for figure in found.figures}
    printed = "\n".join(summary_lines(found))
    assert "latency" not in printed
    assert "time to the first token (in writing: nothing is heard or spoken)" in printed


def test_what_broke_off_is_told_as_that_and_no_sound_is_promised_where_there_is_none(run: Path) -> None:
    whole = conversation(2, success=False)
    broke = msgspec.structs.replace(whole.outcome, ended="failed", problem="the engine broke")
    write_conversation(run, regauged(msgspec.structs.replace(whole, outcome=broke), scenario()))
    html = page(run)
    assert "1 broke off, which is no success: the engine broke" in html
    assert "rolls-2: it broke: the engine broke; slot rolls" in html
    assert "to hear it" not in html
    assert "from mouth to ear" not in html, "the equation ends where the server sends"


def test_where_nothing_can_be_checked_nothing_is_bad() -> None:
    free = msgspec.structs.replace(conversation(1, success=True), outcome=ConversationOutcome())
    unchecked = regauged(free, scenario())
    failed = conversation(2, success=False)
    slow = msgspec.structs.replace(failed, outcome=msgspec.structs.replace(failed.outcome, success=True))
    assert badness(unchecked) < badness(regauged(slow, scenario())) < badness(failed)


def test_judges_are_shown_where_they_were_asked(run: Path) -> None:
    assert "Judges, and judges" not in page(run)
    (run / "verdict.json").write_text(
        '{"criteria": [{"verdict": {"criterion": "polite", "answer": "cannot tell", "labels": 0,'
        '"raw": {"value": 0.5, "low": 0.2, "high": 0.8, "n": 2}, "settle": "ten more labels"},'
        '"tower": {"depths": [{"depth": 1, "estimate": {"value": 0.5, "low": 0.2, "high": 0.8, "n": 2},'
        '"se": 0.1}]}}]}'
    )
    html = page(run)
    assert "Judged polite: cannot tell." in html
    assert "What would settle it: ten more labels" in html
    (run / "verdict.json").write_text("{}]")
    assert "Judges, and judges" not in page(run)


def test_a_judge_card_in_the_folder_is_shown(run: Path) -> None:
    (run / "cards").mkdir()
    share = '{"value": 0.7, "low": 0.6, "high": 0.8, "n": 50}'
    (run / "cards" / "polite.json").write_text(
        f'{{"card": {{"criterion": "polite", "evaluator": "judge:1", "items": 50, "sensitivity": {share},'
        f'"specificity": {share}, "kappa": 0.4, "worth": 1.3, "off_by": {share},'
        f'"leans": [{{"probe": "verbosity", "effect": {share}, "should_be": "none"}}]}}}}'
    )
    (run / "cards" / "other.json").write_text("{}")
    html = page(run)
    assert "The judge of polite" in html
    assert "kappa 0.40; a label beside it is worth 1.30" in html
    assert "+70 points (+60 to +80); should be none" in html


def test_sound_outside_the_run_is_not_taken_in(run: Path, tmp_path: Path) -> None:
    (tmp_path.parent / "secret.ogg").write_bytes(b"secret")
    stray = conversation(3, success=False)
    write_conversation(
        run,
        type(stray)(**{f: getattr(stray, f) for f in stray.__struct_fields__} | {"audio": "../secret.ogg"}),
    )
    assert "<audio" not in page(run)
