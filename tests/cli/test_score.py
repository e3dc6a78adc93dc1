"""The meter measures what it says, on a clock that stands still between ticks."""

from pathlib import Path

import numpy as np
import pytest

from antiphon.cli.outcome import opening_of, outcome_of, reports_of, summary, write_call
from antiphon.cli.recording import UnreadableRecording, read_recording, write_wav
from antiphon.cli.score import Line, read_line
from antiphon.contracts import ConfigInvalid, TurnReport

from .scripted_call import Agent, Call, Event, answer, sound, voice

SPOKEN_FROM_S = 0.5
"""The lead-in before the first line."""


def answering(*times_s: float, lead_in_s: float = 0.0, seconds: float = 0.4) -> Agent:
    """An agent that answers at these moments, with silence of `lead_in_s` before its voice."""
    due = list(times_s)
    audio = np.concatenate([np.zeros(round(lead_in_s * 24_000), np.float32), voice(seconds)])

    def agent(now: float) -> list[Event]:
        if due and now >= due[0] - 1e-9:
            due.pop(0)
            return answer(f"resp_{len(due)}", audio)
        return []

    return agent


@pytest.mark.parametrize("quiet_s", [0.0, 0.3])
@pytest.mark.parametrize("delay_s", [0.3, 0.8])
def test_mouth_to_ear_runs_from_the_last_voiced_sample(quiet_s: float, delay_s: float) -> None:
    last_voiced_at = SPOKEN_FROM_S + 1.0
    call = Call(Line("q.wav", voice(1.0, quiet_s=quiet_s)))
    call.run(answering(last_voiced_at + delay_s))
    outcome = outcome_of(call.director.spoken[0], call.director, call.exchange)
    assert outcome.mouth_to_ear_ms == pytest.approx(delay_s * 1000, abs=21)  # a frame
    assert outcome.heard_ms == pytest.approx(outcome.mouth_to_ear_ms, abs=1)
    assert outcome.status == "completed"
    assert not outcome.cut_in


def test_silence_at_the_head_of_an_answer_is_heard_as_waiting() -> None:
    call = Call(Line("q.wav", voice(1.0)))
    call.run(answering(2.0, lead_in_s=0.25))
    outcome = outcome_of(call.director.spoken[0], call.director, call.exchange)
    assert outcome.mouth_to_ear_ms == pytest.approx(500, abs=21)
    assert outcome.heard_ms == pytest.approx(750, abs=21)


def test_the_next_line_waits_for_the_answer_to_be_heard_to_its_end() -> None:
    call = Call(Line("a.wav", voice(1.0)), Line("b.wav", voice(0.5)))
    call.run(answering(2.0, 7.0, seconds=2.0))
    second = call.exchange.sent_at(call.director.spoken[1].start)
    assert second == pytest.approx(2.0 + 2.0 + 0.5, abs=0.05)


def test_an_overlapping_line_begins_into_the_answer_and_owes_the_truth_about_what_was_heard() -> None:
    call = Call(Line("a.wav", voice(1.0)), Line("b.wav", voice(0.5), 1.0))
    answers = answering(2.0, 5.0, seconds=10.0)

    def agent(now: float) -> list[Event]:
        events = answers(now)
        if 3.2 <= now < 3.219:
            events.append(
                {"type": "input_audio_buffer.speech_started", "item_id": "i", "audio_start_ms": 3000}
            )
        return events

    call.run(agent)
    second = call.director.spoken[1]
    assert call.exchange.sent_at(second.start) == pytest.approx(3.02, abs=0.021)
    assert call.owed == [
        {
            "type": "conversation.item.truncate",
            "item_id": "item_of_resp_1",
            "content_index": 0,
            "audio_end_ms": pytest.approx(1200, abs=21),
        }
    ]


def opening_first(*, cut_s: float | None = None, answers_s: float) -> Agent:
    """An agent that begins to speak for 3 s as soon as it hears anything, and answers at that moment."""
    begin, words, sounds, _ = answer("opening", voice(3.0), "Good day.")
    status = "completed" if cut_s is None else "cancelled"
    done = {"type": "response.done", "response": {"id": "opening", "status": status}}
    heard = {"type": "input_audio_buffer.speech_started", "item_id": "i", "audio_start_ms": 1500}
    over = [done] if cut_s is None else [heard, done]
    due = [
        (0.04, [begin]),
        (0.7, [words, sounds]),
        (cut_s or 3.7, over),
        (answers_s, answer("r", voice(0.4))),
    ]

    def agent(now: float) -> list[Event]:
        return due.pop(0)[1] if due and now >= due[0][0] - 1e-9 else []

    return agent


def account(turn: int, started_at_ms: float, said: str) -> TurnReport:
    return TurnReport(
        turn=turn,
        revisions=1,
        outcome="answered",
        said=said,
        answer="a",
        heard="a",
        started_at_ms=started_at_ms,
    )


def test_the_first_line_waits_for_the_opening_to_be_heard_to_its_end() -> None:
    call = Call(Line("a.wav", voice(1.0)))
    call.run(opening_first(answers_s=6.0))
    (spoken,) = call.director.spoken
    assert call.exchange.sent_at(spoken.start) == pytest.approx(0.7 + 3.0 + 0.5, abs=0.05)
    reports = account(1, 40.0, ""), account(2, 4300.0, "q")
    opening = opening_of(call.director, call.exchange, reports)
    assert opening is not None
    assert (opening.words, opening.status, opening.cut_by) == ("Good day.", "completed", "")
    assert opening.seconds == pytest.approx(3.0)
    assert opening.turns == reports[:1]
    assert reports_of(spoken, call.director, call.exchange, reports) == reports[1:]
    outcome = outcome_of(spoken, call.director, call.exchange)
    assert (outcome.answer, outcome.status) == ("Yes.", "completed")


def test_a_first_line_with_a_moment_is_spoken_into_the_opening() -> None:
    call = Call(Line("a.wav", voice(1.0), 0.1))
    call.run(opening_first(cut_s=1.2, answers_s=2.5))
    (spoken,) = call.director.spoken
    assert call.exchange.sent_at(spoken.start) == pytest.approx(0.8, abs=0.05)
    reports = account(1, 40.0, ""), account(2, 600.0, "q")
    opening = opening_of(call.director, call.exchange, reports)
    assert opening is not None
    assert (opening.status, opening.cut_by, opening.turns) == ("cancelled", "a.wav", reports[:1])
    assert reports_of(spoken, call.director, call.exchange, reports) == reports[1:]


def test_who_is_not_spoken_to_first_has_no_opening() -> None:
    call = Call(Line("a.wav", voice(1.0)))
    call.run(answering(2.0))
    assert opening_of(call.director, call.exchange, ()) is None
    assert call.exchange.sent_at(call.director.spoken[0].start) == pytest.approx(SPOKEN_FROM_S, abs=0.03)


def cancelled(begins_s: float, ends_s: float) -> Agent:
    """An agent whose first answer begins and is cancelled at these moments, and who answers once more."""
    begin, _, words, done = answer("cut", voice(3.0))
    done = {"type": "response.done", "response": {"id": "cut", "status": "cancelled"}}
    due = [(begins_s, [begin, words]), (ends_s, [done]), (ends_s + 3.5, answer("last", voice(0.4)))]

    def agent(now: float) -> list[Event]:
        return due.pop(0)[1] if due and now >= due[0][0] else []

    return agent


@pytest.mark.parametrize(("at_s", "cut_by"), [(1.0, "b.wav"), (None, "")])
def test_an_answer_that_was_to_be_cut_is_as_wanted(at_s: float | None, cut_by: str) -> None:
    call = Call(Line("a.wav", voice(1.0)), Line("b.wav", voice(0.5), at_s))
    call.run(cancelled(2.0, 3.4))
    first, second = (outcome_of(spoken, call.director, call.exchange) for spoken in call.director.spoken)
    assert (first.status, first.cut_by, first.as_wanted) == ("cancelled", cut_by, bool(cut_by))
    assert (second.cut_by, second.as_wanted) == ("", True)


def test_a_backchannel_that_nothing_answers_ends_the_call() -> None:
    call = Call(Line("a.wav", voice(1.0)), Line("mhm.wav", voice(0.2), 0.5))
    call.run(answering(2.0, seconds=3.0))
    outcomes = [outcome_of(spoken, call.director, call.exchange) for spoken in call.director.spoken]
    assert [outcome.status for outcome in outcomes] == ["completed", "unanswered"]
    assert call.now < 10


def test_a_line_nobody_answers_is_given_up() -> None:
    call = Call(Line("a.wav", voice(1.0)), patience_s=5.0)
    call.run(lambda now: [])
    outcome = outcome_of(call.director.spoken[0], call.director, call.exchange)
    assert (outcome.status, outcome.mouth_to_ear_ms, outcome.answer) == ("unanswered", None, "")
    assert call.now == pytest.approx(0.5 + 1.0 + 5.0, abs=0.1)


def test_an_agent_that_speaks_too_early_has_cut_in() -> None:
    call = Call(Line("a.wav", voice(2.0)))
    call.run(answering(1.5, 3.5))
    outcome = outcome_of(call.director.spoken[0], call.director, call.exchange)
    assert outcome.cut_in
    assert outcome.mouth_to_ear_ms == pytest.approx(1000, abs=21)


def test_gaps_in_an_answer_are_told() -> None:
    pieces = {2.0: voice(0.2), 2.5: voice(0.2)}

    def agent(now: float) -> list[Event]:
        if abs(now - 2.0) < 0.001:
            return [{"type": "response.created", "response": {"id": "r"}}, sound("r", pieces[2.0])]
        if abs(now - 2.5) < 0.001:
            done = {"type": "response.done", "response": {"id": "r", "status": "completed"}}
            return [sound("r", pieces[2.5]), done]
        return []

    call = Call(Line("a.wav", voice(1.0)))
    call.run(agent)
    outcome = outcome_of(call.director.spoken[0], call.director, call.exchange)
    assert outcome.gaps_ms == pytest.approx(300, abs=1)
    assert outcome.answer_seconds == pytest.approx(0.4)


def test_the_servers_accounts_are_matched_by_when_they_began() -> None:
    call = Call(Line("a.wav", voice(1.0)), Line("b.wav", voice(1.0)))
    call.run(answering(2.0, 5.0))
    reports = tuple(
        TurnReport(turn=turn, revisions=1, outcome="answered", said="", answer="", heard="", started_at_ms=at)
        for turn, at in ((1, 520.0), (2, call.exchange.sent_at(call.director.spoken[1].start) * 1000 + 30))
    )
    matched = [
        [r.turn for r in reports_of(s, call.director, call.exchange, reports)] for s in call.director.spoken
    ]
    assert matched == [[1], [2]]


def test_a_turn_that_was_handed_over_begins_behind_its_line() -> None:
    call = Call(Line("a.wav", voice(1.0)))
    call.run(answering(2.5))
    (spoken,) = call.director.spoken
    report = TurnReport(
        turn=2, revisions=1, outcome="answered", said="", answer="", heard="", started_at_ms=1600.0
    )
    assert reports_of(spoken, call.director, call.exchange, (report,)) == ()
    spoken.handed_over = True
    assert reports_of(spoken, call.director, call.exchange, (report,)) == (report,)


def test_the_recorded_conversation_has_both_sides_where_they_were_heard(tmp_path: Path) -> None:
    call = Call(Line("a.wav", voice(1.0)))
    call.run(answering(2.0))
    (tmp_path / "call").mkdir()
    written = write_call(tmp_path / "call", call.director, call.exchange)
    assert len(read_recording(Path(written[0]))) == pytest.approx(0.4 * 24_000, abs=2)
    both = read_recording(tmp_path / "call" / "conversation.wav")
    loud = np.flatnonzero(np.abs(both) > 0.05) / 24_000
    assert loud[0] == pytest.approx(0.5, abs=0.021)
    assert loud[-1] == pytest.approx(2.4, abs=0.021)
    assert not np.any((loud > 1.55) & (loud < 1.95))


def test_the_summary_counts_and_orders() -> None:
    call = Call(Line("a.wav", voice(1.0)), Line("b.wav", voice(1.0)))
    call.run(answering(2.0, 4.5))
    numbers = summary([outcome_of(s, call.director, call.exchange) for s in call.director.spoken])
    assert (numbers["lines"], numbers["answered"], numbers["cut_in"]) == (2, 2, 0)
    assert numbers["mouth_to_ear_median_ms"] <= numbers["mouth_to_ear_worst_ms"]


def test_a_line_is_a_file_with_or_without_a_moment(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", voice(0.2))
    write_wav(tmp_path / "me@home.wav", voice(0.2))
    assert read_line(str(tmp_path / "a.wav")).after_heard_s is None
    assert read_line(f"{tmp_path / 'a.wav'}@1.5").after_heard_s == 1.5
    assert read_line(str(tmp_path / "me@home.wav")).name.endswith("me@home.wav")
    with pytest.raises(UnreadableRecording, match="there is no file"):
        read_line(str(tmp_path / "b.wav@2"))


@pytest.mark.parametrize("behind", ["", "abc", "-1", "nan", "inf"])
def test_what_is_no_moment_is_said(tmp_path: Path, behind: str) -> None:
    write_wav(tmp_path / "a.wav", voice(0.2))
    with pytest.raises(ConfigInvalid, match=r"seconds into the answer before, such as .*a\.wav@1\.5"):
        read_line(f"{tmp_path / 'a.wav'}@{behind}")


def test_a_file_that_is_there_comes_before_a_moment(tmp_path: Path) -> None:
    for name in ("a.wav", "a.wav@1.5"):
        write_wav(tmp_path / name, voice(0.2))
    assert read_line(str(tmp_path / "a.wav@1.5")).after_heard_s is None
