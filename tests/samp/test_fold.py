"""State is a pure fold: no move is wrong, lost or made twice, whatever comes late, twice or cut off."""

from collections import Counter
from pathlib import Path

import msgspec
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from antiphon.contracts import ContractBroken, JournalEntry
from antiphon.samp import read_cast
from antiphon.samp.commands import (
    Clarify,
    CorrectSlot,
    GoTo,
    JumpTo,
    Leave,
    Proposal,
    Return,
    SetSlot,
    SwitchPersona,
)
from antiphon.samp.confidence import confides
from antiphon.samp.fold import fold, opened, proposed, step
from antiphon.samp.state import (
    RULES,
    Filled,
    Place,
    decoded,
    digest,
    encoded,
    initial,
    opening_rest,
    owed_opening,
)
from antiphon.store.sqlite_journal import SqliteJournal

from .casts import SMALL, example
from .talks import Talk, moved, talks

SHOP = read_cast(SMALL)
CASTS = [SHOP, *(read_cast(example(name)) for name in ("restaurant", "clinic", "town"))]


@settings(max_examples=3 * settings().max_examples)
@given(talk=talks(CASTS))
def test_no_move_is_wrong_lost_or_made_twice(talk: Talk) -> None:
    for verdict in talk.applied.values():
        event(verdict.outcome)
    assert fold(talk.cast, talk.entries) == talk.state


@given(talk=talks(CASTS), data=st.data())
def test_a_fold_in_two_parts_is_the_fold_of_the_whole(talk: Talk, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(talk.entries)))
    first = fold(talk.cast, talk.entries[:cut])
    kept = decoded(encoded(first))
    assert kept == first
    assert encoded(kept) == encoded(first)
    whole = fold(talk.cast, talk.entries[cut:], state=kept)
    assert encoded(whole) == encoded(talk.state)


@given(talk=talks(CASTS))
def test_every_proposal_twice_changes_nothing(talk: Talk) -> None:
    twice = [
        again for entry in talk.entries for again in ([entry] * (2 if entry.kind == "state_proposed" else 1))
    ]
    assert fold(talk.cast, twice) == talk.state
    again = [entry for entry in talk.entries if entry.kind == "state_proposed"]
    assert moved(fold(talk.cast, again, state=talk.state)) == moved(talk.state)


@given(talk=talks(CASTS), data=st.data())
def test_an_interruption_changes_what_was_heard_and_nothing_else(talk: Talk, data: st.DataObject) -> None:
    cut: list[JournalEntry] = []
    for entry in talk.entries:
        if entry.kind == "reply_ended":
            heard = entry.body["heard"].split()
            kept = heard[: data.draw(st.integers(0, len(heard)))]
            entry = msgspec.structs.replace(entry, body={**entry.body, "heard": " ".join(kept)})  # noqa: PLW2901 - the same, cut
        cut.append(entry)
    assert moved(fold(talk.cast, cut)) == moved(talk.state)


def test_the_improvised_conversations_are_worth_their_name() -> None:
    """They do move, mend, return, and have their proposals rebased and dropped."""
    seen: Counter[str] = Counter()

    @settings(max_examples=200, database=None)
    @given(talk=talks(CASTS))
    def play(talk: Talk) -> None:
        for proposal in talk.proposals:
            verdict = talk.applied.get(proposal.id)
            outcome = verdict.outcome if verdict else "dropped"
            seen[outcome] += 1
            seen[f"{outcome} {type(proposal.command).__name__}"] += 1
            seen["mended"] += (
                outcome == "applied" and getattr(proposal.command, "instead_of", None) is not None
            )
        seen["openings"] += len(talk.begun)

    play()
    for outcome, least in {
        "applied GoTo": 50,
        "applied JumpTo": 50,
        "applied Return": 10,
        "rebased": 5,
        "mended": 10,
        "applied UnsetSlot": 10,
    }.items():
        assert seen[outcome] >= least, seen


# The rules, one by one.


def asked(talk: Talk, text: str = "twelve please") -> Talk:
    talk.caller(text)
    return talk


def test_a_second_move_of_the_same_turn_is_dropped() -> None:
    talk = asked(Talk(SHOP))
    talk.propose(SetSlot("count", 12.0), base=0, turn=1)
    assert talk.propose(GoTo("wholesale"), base=1, turn=1).outcome == "applied"
    verdict = talk.propose(GoTo("colours"), base=2, turn=1, by="reflective")
    assert (verdict.outcome, verdict.reason) == ("dropped", "this turn has moved the conversation already")


def test_a_proposal_for_an_older_state_is_rebased_when_only_other_things_changed() -> None:
    talk = asked(Talk(SHOP))
    talk.propose(SetSlot("count", 12.0), base=0, turn=1)
    assert talk.propose(SetSlot("colour", "red"), base=0, turn=1).outcome == "rebased"
    assert talk.propose(GoTo("wholesale"), base=1, turn=1).outcome == "rebased"


def test_what_was_thought_of_for_another_place_is_dropped() -> None:
    talk = asked(Talk(SHOP))
    talk.propose(JumpTo("hours"), base=0, turn=1)
    talk.caller("and red ones")
    verdict = talk.propose(JumpTo("hours"), base=0, turn=2)
    assert verdict.reason == "the conversation is there already"
    assert talk.propose(GoTo("colours"), base=0, turn=2).reason == "the conversation has gone elsewhere since"


def test_a_correction_must_know_what_it_corrects() -> None:
    talk = asked(Talk(SHOP))
    talk.propose(SetSlot("count", 12.0), base=0, turn=1)
    assert talk.propose(SetSlot("count", 4.0), base=1, turn=1).reason == "count is known; it can be corrected"
    assert talk.propose(CorrectSlot("count", 11.0, 4.0), base=1, turn=1).outcome == "dropped"
    assert talk.propose(CorrectSlot("count", 12.0, 4.0), base=0, turn=1).reason == "count has changed since"
    assert talk.propose(CorrectSlot("count", 12.0, 99.0), base=1, turn=1).reason.startswith("count must lie")
    assert talk.propose(CorrectSlot("count", 12.0, 4.0), base=1, turn=1).outcome == "applied"


def test_a_wrong_move_is_mended_from_where_it_began() -> None:
    talk = asked(Talk(SHOP), "when do you open, I mean, I want twelve")
    talk.propose(SetSlot("count", 12.0), base=0, turn=1)
    talk.propose(JumpTo("hours"), base=1, turn=1)
    assert talk.propose(GoTo("wholesale"), base=2, turn=1).outcome == "dropped"
    assert talk.propose(GoTo("wholesale", instead_of=2), base=2, turn=1, by="reflective").outcome == "applied"
    assert (talk.state.place.scene, talk.state.stack) == ("wholesale", ())
    assert (
        talk.propose(JumpTo("hours", instead_of=2), base=3, turn=1).reason
        == "the move it mends is not the last one"
    )


def test_a_way_passes_on_over_scenes_that_have_nothing_to_ask() -> None:
    talk = asked(Talk(CASTS[1]), "a table for ten")
    talk.propose(SetSlot("guests", 10.0), base=0, turn=1)
    assert talk.propose(GoTo("booking", ("confirm",)), base=1, turn=1).outcome == "dropped"
    assert talk.propose(GoTo("booking", ("party",)), base=1, turn=1).outcome == "applied"
    assert talk.state.place.persona == "cook"


def test_a_jump_comes_back_with_the_persona_who_was_there() -> None:
    talk = asked(Talk(CASTS[3]))
    assert talk.propose(SwitchPersona("boy"), base=0, turn=1).outcome == "applied"
    talk.caller("sorry?")
    talk.propose(JumpTo("slower"), base=1, turn=2)
    assert talk.propose(Return(), base=2, turn=2).reason == "this turn has moved the conversation already"
    talk.caller("I see")
    talk.propose(Return(), base=2, turn=3)
    assert (talk.state.place.scene, talk.state.place.persona) == ("breakfast", "boy")


@pytest.mark.parametrize("rules", [2, 3])
def test_what_waits_for_a_yes_is_said_again_after_another_topic_or_a_correction(rules: int) -> None:
    for aside in (JumpTo("hours"), SwitchPersona("cook"), CorrectSlot("guests", 2.0, 5.0)):
        talk = asked(Talk(CASTS[1]))
        told = {"guests": 2.0, "day": "2026-05-08", "hour": "19:30", "caller": "Helen"}
        talk.state = msgspec.structs.replace(
            talk.state,
            rules=rules,
            place=Place("confirm", "host"),
            slots={name: Filled(value, 0, "host") for name, value in told.items()},
            openings={"welcome": 9, "confirm": 9},
        )
        assert owed_opening(talk.cast, talk.state) is None
        assert talk.propose(aside, base=0, turn=1).outcome == "applied"
        assert talk.state.openings == ({"welcome": 9, "confirm": 9} if rules == 2 else {"welcome": 9})
        if isinstance(aside, SwitchPersona):
            assert owed_opening(talk.cast, talk.state) is None, "the cook does not confirm the host's booking"
    if rules == 3:
        again = "So that is a table for 5, on Friday, 8 May, at 19:30, in the name of Helen. Is that right?"
        assert owed_opening(talk.cast, talk.state) == again
        heard = {"turn": 1, "heard": "So that is a table for 5,", "scene": "confirm", "persona": "host"}
        entry = JournalEntry(session="s", sequence=99, at=0, kind="reply_ended", body=heard)
        talk.state, _ = step(talk.cast, talk.state, entry)
        assert opening_rest(talk.cast, talk.state).startswith("on Friday")


def test_a_last_task_that_waits_for_a_yes_is_open_again() -> None:
    talk = asked(Talk(CASTS[2]))
    ticked = ("self_care: say when to call again",)
    talk.state = msgspec.structs.replace(talk.state, place=Place("self_care", "nurse"), ticked=ticked)
    assert talk.propose(JumpTo("hours"), base=0, turn=1).outcome == "applied"
    assert talk.state.ticked == ()


def test_an_opening_that_says_what_nobody_told_is_left_to_the_model() -> None:
    talk = asked(Talk(CASTS[1]))
    talk.state = msgspec.structs.replace(talk.state, place=Place("confirm", "host"))
    assert owed_opening(talk.cast, talk.state) is None


def test_a_task_on_the_way_is_not_done_again() -> None:
    talk = asked(Talk(CASTS[1]))
    ticked = ("cellar: suggest one bottle and say why",)
    talk.state = msgspec.structs.replace(talk.state, place=Place("cellar", "sommelier"), ticked=ticked)
    assert talk.propose(JumpTo("hours"), base=0, turn=1).outcome == "applied"
    assert talk.state.ticked == ticked, "the pairing is not known yet: that is asked for, not said again"


def test_from_one_topic_to_the_next_and_back_to_the_story() -> None:
    talk = asked(Talk(CASTS[1]))
    for turn, scene in enumerate(["allergies", "cellar", "hours"], start=1):
        assert talk.propose(JumpTo(scene), base=turn - 1, turn=turn).outcome == "applied"
        talk.caller("and another thing")
    talk.propose(Return(("booking",)), base=3, turn=4)
    assert (talk.state.place.scene, talk.state.stack) == ("booking", ())


def test_a_question_is_asked_until_the_caller_speaks() -> None:
    talk = asked(Talk(SHOP))
    talk.propose(Clarify("Twelve or twenty?", "count"), base=0, turn=1)
    assert talk.state.question == "Twelve or twenty?"
    talk.caller("twelve")
    assert talk.state.question == ""
    assert talk.propose(Clarify("Which?", "count"), base=1, turn=1).reason == "the caller has spoken since"


def test_it_ends_where_it_may_and_then_nothing_changes() -> None:
    talk = asked(Talk(SHOP))
    assert talk.propose(Leave(), base=0, turn=1).reason == "hello is no scene to end in"
    talk.propose(SetSlot("count", 2.0), base=0, turn=1)
    talk.propose(GoTo("colours"), base=1, turn=1)
    talk.caller("blue, bye")
    assert talk.propose(Leave(), base=2, turn=2).outcome == "applied"
    assert talk.propose(SetSlot("colour", "blue"), base=3, turn=2).reason == "the conversation has ended"


def test_an_opening_is_said_by_what_was_heard_of_it() -> None:
    talk = Talk(SHOP)
    opening = SHOP.scenes["hello"].opening
    talk.reply(0)
    assert owed_opening(SHOP, talk.state) == opening
    talk.reply(3)
    assert owed_opening(SHOP, talk.state) is None
    assert opening_rest(SHOP, talk.state) == "can I do for you?"
    talk.reply(5)
    assert opening_rest(SHOP, talk.state) == ""
    assert owed_opening(SHOP, talk.state) is None


def test_an_opening_cut_off_by_a_move_counts_for_the_scene_it_was_said_in() -> None:
    talk = asked(Talk(CASTS[1]), "my wife cannot eat nuts")
    talk.propose(JumpTo("allergies"), base=0, turn=1)
    talk.caller("no, the wine, please")
    talk.propose(JumpTo("cellar"), base=1, turn=2)
    heard = {"turn": 1, "heard": "Bruno, from the"}
    talk.state, _ = step(
        talk.cast, talk.state, JournalEntry(session="s", sequence=99, at=0, kind="reply_ended", body=heard)
    )
    assert talk.state.openings == {"allergies": 3}
    assert talk.state.history[-1].persona == "cook"
    assert owed_opening(talk.cast, talk.state) == talk.cast.scenes["cellar"].opening


def test_too_many_proposals_after_one_turn_are_dropped_for_good() -> None:
    talk = asked(Talk(SHOP))
    for _ in range(64):
        talk.propose(GoTo("nowhere"), base=0, turn=1)
    assert "more than 64" in talk.propose(SetSlot("count", 3.0), base=0, turn=1).reason
    talk.caller("three")
    assert "more than 64" in talk.repeat(talk.proposals[-1]).reason
    assert talk.propose(SetSlot("count", 3.0), base=0, turn=2).outcome == "applied"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("but don't tell my wife", True),
        ("between you and me", True),
        ("it's a secret", True),
        ("I can tell you", False),
        ("tell my wife", False),
        ("what is the secret of the sauce", False),
    ],
)
def test_what_is_said_in_confidence(text: str, expected: bool) -> None:
    assert confides(text) is expected


def confided(rules: int) -> Talk:
    """The host is told something in confidence and says it again, in a turn that nobody declared."""
    talk = Talk(CASTS[1])
    talk.state = msgspec.structs.replace(talk.state, rules=rules)
    talk.caller("between us, the ring is in the piano")
    for turn, heard in ((1, "I see."), (2, "Then I look into the piano."), (3, "At seven, then.")):
        body = {"turn": turn, "heard": heard, "scene": "welcome", "persona": "host"}
        entry = JournalEntry(session="s", sequence=9, at=0, kind="reply_ended", body=body)
        talk.state, _ = step(talk.cast, talk.state, entry)
        talk.caller("well let me see" if turn == 1 else "seven it is")
    return talk


def test_a_confidence_that_is_said_again_is_one() -> None:
    assert confided(1).state.confided == {1: ("host",), 2: ("host",)}


def test_an_older_journal_is_folded_by_its_own_rules() -> None:
    assert confided(0).state.confided == {1: ("host",)}
    body = msgspec.to_builtins(opened(SHOP))
    older = {name: value for name, value in body.items() if name != "rules"}
    entry = JournalEntry(session="s", sequence=1, at=0, kind="cast_opened", body=older)
    state = fold(SHOP, [entry])
    assert state.rules == 0
    assert b"rules" not in encoded(state), "older digests would not be found again"
    newer = msgspec.structs.replace(entry, body={**body, "rules": RULES + 1})
    with pytest.raises(ContractBroken, match="a newer version of Antiphon"):
        fold(SHOP, [newer])


def test_what_a_cast_may_say_by_now_does_not_make_older_casts_others() -> None:
    assert digest(SHOP) == "94374ab3b7b5c9c3c9f47b8e808005062beea22c529d7821bc58388bf37e1cac"


def test_a_journal_of_another_cast_is_refused() -> None:
    entry = JournalEntry(
        session="s", sequence=1, at=0, kind="cast_opened", body=msgspec.to_builtins(opened(SHOP))
    )
    assert fold(SHOP, [entry]) == initial(SHOP)
    with pytest.raises(ContractBroken, match="another version of this cast"):
        fold(CASTS[1], [entry])
    with pytest.raises(ContractBroken, match="entry 1 of 's' is no state_proposed"):
        fold(SHOP, [msgspec.structs.replace(entry, kind="state_proposed", body={"id": "x"})])


@settings(max_examples=25)
@given(talk=talks(CASTS))
def test_a_journal_on_disk_gives_the_same_state_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, talk: Talk
) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal.sqlite"
    journal = SqliteJournal(path)
    journal.append(talk.entries)
    journal.close()
    again = SqliteJournal(Path(path))
    assert encoded(fold(talk.cast, again.read("s"))) == encoded(talk.state)
    again.close()


def test_a_proposal_is_json() -> None:
    proposal = Proposal(id="1", base=0, turn=1, by="live", command=CorrectSlot("count", 3.0, 4.0))
    assert msgspec.convert(msgspec.json.decode(msgspec.json.encode(proposed(proposal))), Proposal) == proposal
