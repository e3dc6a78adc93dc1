"""Whatever people say, clients ask and engines do, the rules hold."""

from collections import Counter

from hypothesis import given, settings

from antiphon.dialogue import Dialogue
from antiphon.dialogue import commands as do

from .improvised import HUMS, conversations
from .rules import frozen
from .score import ANSWERS, Conversation


def check(conversation: Conversation) -> None:
    """What must be true of a conversation that has come to rest, beside the rules checked on the way."""
    assert conversation.dialogue.deadline is None
    assert not conversation.dialogue.replying
    for reply in conversation.replies:
        shown = "".join(more.text for more in conversation.all(do.EmitText) if more.turn == reply.turn)
        assert reply.heard == (shown or conversation.loudspeaker.truly_heard(reply.turn))
    for commit in conversation.all(do.CommitCallerAudio):
        (settled,) = [words for words in conversation.all(do.SettleCallerWords) if words.turn == commit.turn]
        assert settled.text in (None, conversation.transcript(commit.start, commit.end))
    for sound in conversation.sounds:
        begun, ended = (
            next(
                at
                for command, at in conversation.commands
                if isinstance(command, kind) and command.turn == sound.turn
            )
            for kind in (do.StartReply, do.EndReply)
        )
        assert begun <= sound.start <= sound.end <= ended
    again = Dialogue(conversation.first_policy)
    assert [command for event, now in conversation.events for command in again.handle(event, now)] == [
        command for command, _ in conversation.commands
    ]


@settings(max_examples=2 * settings().max_examples)
@given(conversation=conversations())
def test_every_conversation_keeps_the_rules(conversation: Conversation) -> None:
    conversation.plays_out()
    check(conversation)
    repeat_every_answer(conversation)


@settings(max_examples=2 * settings().max_examples)
@given(conversation=conversations(reliable=True))
def test_with_engines_that_answer_no_reply_fails(conversation: Conversation) -> None:
    conversation.plays_out()
    check(conversation)
    assert all(reply.status != "failed" for reply in conversation.replies)
    assert "failed" not in [outcome for _, outcome in conversation.outcomes]
    if not conversation.client_took_part and conversation.policy.mode != "manual":
        nothing_said_is_lost(conversation)
    for report in conversation.reports:
        if report.sent_ms is not None and report.revisions == 1:
            assert report.residual_ms >= -1e-6


def repeat_every_answer(conversation: Conversation) -> None:
    """Answers that come after everything is over change nothing."""
    before = frozen(conversation.dialogue)
    for event, _ in conversation.events:
        if isinstance(event, ANSWERS):
            assert conversation.dialogue.handle(event, conversation.now) == []
    assert frozen(conversation.dialogue) == before


def nothing_said_is_lost(conversation: Conversation) -> None:
    """Every word that is more than a hum is in the record, once."""
    said = Counter(word for word in conversation.words_said if word not in " ".join(HUMS).split())
    kept = Counter(
        word for speaker, text in conversation.record if speaker == "caller" for word in text.split()
    )
    assert said <= kept
    assert kept <= Counter(conversation.words_said)
