"""A cast in a live conversation: where it is, and what that means for the answer that is being made.

State is read from what the session writes down, and never waited for. While the caller speaks, the state
their words would lead to is imagined on the language model's lane, together with the prompt it asks for. When
the words are settled, what they were taken for is proposed, and the state becomes the one the answer was made
for. Whatever else changes the state while an answer waits behind its gate makes that answer void.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal

from antiphon.contracts import JournalEntry, Prompt, Sampling, Ticks
from antiphon.dialogue import commands as do
from antiphon.dialogue import events as ev
from antiphon.runtime.cast_answer import Account, Plan, answer
from antiphon.runtime.cast_answers import Answers, came_to_nothing
from antiphon.runtime.cast_asides import decide_aside, tick_aside
from antiphon.runtime.cast_planning import Planner
from antiphon.runtime.cast_resuming import Late
from antiphon.runtime.cast_telling import compiled, prompt_entry, state_changed, state_entry, why
from antiphon.runtime.cast_tools import CastTools
from antiphon.runtime.cast_typed import Typed
from antiphon.runtime.casting import Staged
from antiphon.runtime.config import Config
from antiphon.runtime.diary import Diary
from antiphon.runtime.events import SessionEvent
from antiphon.runtime.lanes import nobody, post
from antiphon.runtime.manners import Manners
from antiphon.runtime.parts import EMBEDDER, Parts
from antiphon.runtime.reflecting import Reflecting
from antiphon.runtime.working import Job
from antiphon.samp import CastSession
from antiphon.samp.ahead import heard_whole
from antiphon.samp.commands import Command, Proposal, Verdict
from antiphon.samp.deciding import Decision
from antiphon.samp.fold import CALLER_TURN_COMMITTED, CAST_OPENED, REPLY_ENDED
from antiphon.samp.state import Called, State, owed_opening
from antiphon.samp.tools import due, untold
from antiphon.samp.vocabulary import likely_words


class CastPlaying:
    """One conversation with a cast. Methods run on the event loop's thread unless they say otherwise.

    Attributes:
        planner: makes its plans and prompts, on the language model's lane.
        session: its state, and what may change it.
        typed: what the caller wrote and no turn has taken.
    """

    def __init__(
        self,
        staged: Staged,
        parts: Parts,
        config: Config,
        diary: Diary,
        *,
        session: str,
        emit: Callable[[SessionEvent], None],
        shifted: Callable[[], None],
        entries: Sequence[JournalEntry] = (),
        late: Late | None = None,
    ) -> None:
        """Begin, or go on after `entries`.

        Args:
            staged: what is played.
            parts: the engines.
            config: for the budget of a prompt.
            diary: takes what happens.
            session: the conversation's id.
            emit: takes facts.
            shifted: told when an answer that is begun would be another one by now.
            entries: what the journal has of a conversation that goes on.
            late: its last turn, of which not all may be written down that follows.

        Raises:
            ContractBroken: the entries are of another cast.
        """
        self._staged, self._parts, self._diary = staged, parts, diary
        self._id, self._emit, self._shifted = session, emit, shifted
        self._loop = asyncio.get_running_loop()
        self.planner = Planner(staged, parts.language_model, config)
        self._answers = Answers()
        self._owed: tuple[int, str] | None = None
        """A committed turn that nothing was proposed for yet."""
        self.typed = Typed(entries)
        self._unheard = False
        """Whether the last answer came to nothing, and nothing has happened since."""
        self._closed = False
        self._digest = ""
        self._tools = CastTools(
            staged.tools,
            written=diary.when_written,
            write=self._tool_noted,
            emit=emit,
            came=shifted,
        )
        self.planner.foresee = self._tools.foresee
        self._manners = Manners(staged.cast, parts, propose=self._renewed, failed=self._not_reflected)
        self._reflecting = Reflecting(staged, parts, propose=self._reflected, failed=self._not_reflected)
        self.session = CastSession(
            staged.cast, staged.decider, session=session, entries=entries, write=self._write
        )
        self._settled(None)
        self._tools.lost(self.state)
        if late is not None:
            self._decided(late.decision, late.turn, before=late.state)

    @property
    def state(self) -> State:
        """Where the conversation is."""
        return self.session.state

    @property
    def tools_run(self) -> bool:
        """Whether a tool was begun and has not ended."""
        return self._tools.run

    # What is written down, and by whom.

    def note(self, kind: str, body: Mapping[str, Any]) -> JournalEntry:
        """Write down that `kind` happened, and take notice of it."""
        if kind == REPLY_ENDED:
            turn = int(body["turn"])
            told = [each.id for each in self._told_in(turn)]
            body = {**self.speaker(turn), "said": self._answers.said(turn), "told": told, **body}
        if kind == CALLER_TURN_COMMITTED:
            body = self.typed.with_spoken(body)
        before = self.session.state
        entry = self._diary.note(kind, body)
        if kind == CALLER_TURN_COMMITTED:
            self._unheard = False
            self._caller_said(before, entry)
        elif kind == REPLY_ENDED:
            self._unheard = came_to_nothing(body)
            self.session.take(entry)
            self._reply_ended(int(body["turn"]))
        return entry

    def propose(
        self,
        command: Command,
        *,
        name: str,
        base: int,
        turn: int,
        by: Literal["live", "reflective", "client"] = "reflective",
        why: str = "",
    ) -> Verdict:
        """Somebody who thought about version `base` proposes `command` because of `turn`.

        This is where the slow loop's proposals enter. An answer that waits behind its gate and was made for
        another state is begun anew; one that sounds goes on.
        """
        before = self.session.state
        verdict = self.session.propose(command, name=name, base=base, turn=turn, by=by)
        self._settled(before, by=by, why=why)
        return verdict

    # The agent's side.

    @property
    def owes(self) -> bool:
        """Whether it is for the agent to speak: it owes an opening, or the caller an answer.

        What failed, or was not wanted, before anything of it was heard is not tried again and again.
        """
        if self._answers.any_wanted or self._unheard:
            return False
        history = self.state.history
        unanswered = bool(history) and history[-1].role == "caller"
        waits = unanswered or owed_opening(self._staged.cast, self.state) is not None
        # While a tool runs, its bridge has been said, and the rest follows with what comes of it.
        return bool(untold(self.state)) or (waits and not self._bridged)

    def answer(self, command: do.Generate, sampling: Sampling) -> Callable[[Job], None]:
        """What the language model's lane is to do for `command`."""
        if command.text is None and self.typed:
            self.note(CALLER_TURN_COMMITTED, self.typed.alone(command.turn))
        command = self.typed.in_front(command)
        state, owed = self.state, self._owed
        model, planner = self._parts.language_model, self.planner

        def think() -> Plan:
            plan = planner.plan(command, state, owed)
            self._answers.keep(plan)
            return plan

        def work(job: Job) -> None:
            answer(
                job,
                model,
                think,
                sampling,
                cache_key=self._id,
                weigh=command.weigh,
                read=planner.last_read,
                account=lambda made: post(self._loop, partial(self._accounted, made)),
            )

        self._answers.want(command.turn, command.revision)
        return work

    def expected(self, saying: str) -> Callable[[], Prompt]:
        """What can be known of the next prompt while the caller is `saying` something. Called on the lane."""
        return partial(self.planner.expected, self.state, self.typed.before(saying), self._next_turn())

    def after_reply(self, turn: int) -> Callable[[], Prompt] | None:
        """The same while the agent still speaks, if all of its answer is generated; as if it were heard."""
        plan = self._answers.sounding_whole(turn)
        if plan is None:
            return None
        place, said = plan.state.place, self._answers.said(turn)
        reply = {"turn": turn, "heard": said, "scene": place.scene, "persona": place.persona}
        state, following = self.state, self._next_turn()
        if plan.draft is not None:
            self._manners.answered(state, place.persona, said)

        def build() -> Prompt:
            after = heard_whole(self._staged.cast, self._staged.decider, state, reply)
            return self.planner.expected(after, "", following)

        return build

    def likely_words(self) -> str:
        """What the caller is likely to say now, for the transcriber."""
        return likely_words(self._staged.cast, self.state)

    def voice(self, turn: int) -> str:
        """Whose voice answers."""
        return self._staged.cast.personas[self.speaker(turn)["persona"]].voice

    def speaker(self, turn: int) -> dict[str, str]:
        """Who answers `turn`, and in which scene."""
        plan = self._answers.plan(turn)
        place = (plan.state if plan is not None else self.state).place
        return {"scene": place.scene, "persona": place.persona}

    def name(self, turn: int) -> str:
        """What who answers `turn` is called."""
        return self._staged.cast.personas[self.speaker(turn)["persona"]].name

    def observe(self, event: ev.Event) -> None:
        """Something happened that concerns an answer of a living revision."""
        match event:
            case ev.PromptBuilt():
                plan = self._answers.plan(event.turn)
                if (
                    plan is not None
                    and plan.revision == event.revision
                    and self._owed is not None
                    and self._owed[0] == event.turn
                ):
                    self._decided(plan.decision, event.turn)
            case ev.TextGenerated():
                self._answers.generated(event.turn, event.text)
            case ev.GenerationEnded():
                self._answers.completed(event.turn)
            case _:
                pass

    def started(self, turn: int) -> None:
        """The answer to `turn` has the floor."""
        self._answers.started(turn)
        self._tell_account(turn)

    def forget(self, turn: int) -> None:
        """The turn has ended."""
        self._answers.forget(turn)

    def close(self) -> None:
        """Tell nobody anything more."""
        self._closed, self._owed = True, None
        self._reflecting.close()
        self._manners.close()
        self._answers.close()
        self._tools.close()
        self.planner.close()
        self.session.close()
        self._emit = self._shifted = nobody

    # What follows from what happened.

    def _write(self, kind: str, body: Mapping[str, Any], at: Ticks) -> JournalEntry:
        del at  # the diary has its own clock
        if kind == CAST_OPENED:
            body = {**body, "text": self._staged.text}
        return self._diary.note(kind, body)

    def _caller_said(self, before: State, entry: JournalEntry) -> None:
        turn, text = int(entry.body["turn"]), str(entry.body["text"])
        plan = self._answers.plan(turn)
        ready = plan is not None and plan.words == text and plan.base is before
        if self._owed is not None:
            # Its decision is late; what is decided now is decided on what is known now.
            self._owed = None
        self.session.take(entry)
        if ready:
            assert plan is not None
            self._decided(plan.decision, turn)
        elif text.strip():
            self._owed = turn, text
            self._decide_aside(turn, text)

    def _decide_aside(self, turn: int, text: str) -> None:
        def decided(decision: Decision) -> None:
            if self._owed == (turn, text):
                self._decided(decision, turn)

        lane = self._parts.lanes[EMBEDDER]
        decide_aside(self._staged, lane, self.state, (turn, text), decided)

    def _decided(self, decision: Decision | None, turn: int, *, before: State | None = None) -> None:
        self._owed = None
        before = before or self.session.state
        if decision is not None:
            self.session.decided(decision, turn)
        self._settled(before, by="live", why=why(decision), turn=turn)
        if decision is not None:
            self._begin_tools(before, decision.commands)
        self._tools.settled(turn)
        self._reflecting.turn_settled(self.session.state)

    def _begin_tools(self, before: State, commands: Sequence[Command]) -> None:
        for call in due(self._staged.cast, before, self.session.state, commands):
            self._tools.begin(call)

    def _tool_noted(self, kind: str, body: Mapping[str, Any]) -> None:
        self.session.take(self._diary.note(kind, body))
        self._unheard = False
        turn = self.state.turn
        # An answer that was made knowing what came of it stays.
        known = body["status"] == "running" or any(each.id == body["id"] for each in self._told_in(turn))
        self._settled(None, turn=turn if known else None)

    def _told_in(self, turn: int) -> tuple[Called, ...]:
        """The outcomes of tools that the answer to `turn` was made to tell."""
        plan = self._answers.plan(turn)
        return () if plan is None or plan.draft is None else untold(plan.state)

    @property
    def _bridged(self) -> bool:
        return any(each.status == "running" for each in self.state.called)

    def _reflected(self, made: Proposal) -> None:
        self.propose(made.command, name=made.id, base=made.base, turn=made.turn, why="thought about again")

    def _renewed(self, made: Proposal) -> None:
        if not self._answers.any_waiting:  # it would be begun anew for that
            self._reflected(made)

    def _not_reflected(self, reason: str) -> None:
        self._diary.note("reflection_failed", {"turn": self.state.turn, "reason": reason})

    def _reply_ended(self, turn: int) -> None:
        self._settled(None)
        state = self.state

        def done(ticks: tuple[Command, ...]) -> None:
            if self._closed:
                return
            before = self.session.state
            for number, tick in enumerate(ticks):
                name = f"tick-{turn}-{state.version}-{number}"
                self.session.propose(tick, name=name, by="live", base=state.version, turn=state.turn)
            self._settled(before)

        tick_aside(self._staged, self._parts.lanes[EMBEDDER], state, done)

    def _settled(
        self, before: State | None, *, by: str = "live", why: str = "", turn: int | None = None
    ) -> None:
        """The state is what it is for now: write down which, tell, and see what was begun for another."""
        state = self.session.state
        entry = state_entry(state)
        if entry["digest"] != self._digest:
            self._digest = entry["digest"]
            self._diary.note("state_settled", entry)
            self._emit(state_changed(self._staged.cast, state, before, by=by, why=why))
        if self._answers.waiting_for_another(state, but=turn):
            self._shifted()

    def _accounted(self, made: Account) -> None:
        if self._closed:
            return
        self._answers.accounted(made)
        self._tell_account(made.plan.turn)

    def _tell_account(self, turn: int) -> None:
        """An answer that is heard has its prompt in the journal."""
        made = self._answers.take_account(turn)
        if made is not None:
            self._diary.note("prompt_compiled", prompt_entry(made))
            self._emit(compiled(made))

    def _next_turn(self) -> int:
        return self.state.turn + 1
