"""The hub: engines opened once, sessions bounded, everything closed at the end."""

import asyncio
import threading
from pathlib import Path
from threading import Event

import pytest

from antiphon.contracts import (
    AntiphonError,
    Busy,
    ConfigInvalid,
    EngineSetup,
    Prefilled,
    PrerequisiteMissing,
    Prompt,
)
from antiphon.engines.scripted import (
    ScriptedJournal,
    ScriptedLanguageModel,
    ScriptedSynthesizer,
    ScriptedTranscriber,
)
from antiphon.runtime import Config, EngineChoice, Hub, Limits, Session, open_hub
from antiphon.runtime.events import SessionEvent, TurnMeasured
from antiphon.runtime.obstacles import obstacles
from antiphon.runtime.parts import LIVE_PARTS
from antiphon.runtime.settings import ReplyRequest, SessionSettings

from .shop import SHOP
from .stage import BY_HAND, TYPED, no_weights, scripted_config, silence, sung

PATIENCE_S = 10.0


def quiet(_: str) -> None:
    """Progress nobody looks at."""


def config(**changes: object) -> Config:
    return scripted_config(**changes)


async def test_loading_tells_what_comes_next_and_readiness_at_the_end() -> None:
    told: list[str] = []
    hub = Hub(config())
    assert not hub.ready
    assert hub.voices() == ()
    with pytest.raises(Busy, match="still loading"):
        hub.open_session(lambda _: None)
    await hub.load(weights=no_weights, progress=told.append)
    assert hub.ready
    assert told[:-1] == [f"{part.replace('_', ' ')}: scripted" for part in LIVE_PARTS]
    assert told[-1] == "how every conversation begins"
    assert hub.voices() == ("low", "high")
    await hub.close()
    assert not hub.ready


async def test_voices_that_only_an_open_engine_knows_are_asked_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    known = ScriptedSynthesizer.voices
    monkeypatch.setattr(ScriptedSynthesizer, "voices", property(lambda engine: known))
    wanting = config(session=SessionSettings(voice="nobody"))
    assert list(obstacles(wanting, no_weights)) == []
    with pytest.raises(ConfigInvalid, match="no voice 'nobody'; there are: low, high"):
        await Hub(wanting).load(weights=no_weights, progress=quiet)


@pytest.mark.parametrize("plays", [False, True])
async def test_what_conversations_begin_with_is_read_before_anybody_calls(
    plays: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[tuple[str, Prompt]] = []
    twice = Event()

    def noted(self: object, prompt: Prompt, *, cache_key: str = "", **_: object) -> Prefilled:
        read.append((cache_key, prompt))
        if len(read) > 1:
            twice.set()
        return Prefilled(10, 0, 10)

    monkeypatch.setattr(ScriptedLanguageModel, "prefill", noted)
    (tmp_path / "shop.yaml").write_text(SHOP)
    prepared = config(cast=str(tmp_path / "shop.yaml") if plays else None)
    prepared.engines["embedder"] = EngineChoice(use="scripted")
    hub = await open_hub(prepared, weights=no_weights, progress=quiet)
    assert [key for key, _ in read] == [""]
    session = hub.open_session(lambda _: None)
    assert await asyncio.to_thread(twice.wait, PATIENCE_S)
    assert read[1] == (session.id, read[0][1])
    await hub.close()


async def test_where_no_session_could_begin_it_does_not_become_ready() -> None:
    hub = Hub(config(session=SessionSettings(voice="nobody", user="../x")))
    with pytest.raises(ConfigInvalid) as invalid:
        await hub.load(weights=no_weights, progress=quiet)
    user, voice = invalid.value.problems
    assert user.startswith("session.user: '../x' is no user's name")
    assert voice.startswith("session.voice: There is no voice 'nobody'; there are: low, high, ")
    assert not hub.ready
    assert hub.voices() == ()


@pytest.mark.parametrize("voice", ["", "high", "alloy"])
async def test_a_session_may_begin_with_any_voice_that_clients_may_name(voice: str) -> None:
    hub = await open_hub(config(session=SessionSettings(voice=voice)), weights=no_weights, progress=quiet)
    assert hub.ready
    await hub.close()


async def test_no_more_sessions_than_allowed() -> None:
    hub = await open_hub(config(limits=Limits(sessions=2)), weights=no_weights, progress=quiet)
    first = hub.open_session(lambda _: None)
    second = hub.open_session(lambda _: None)
    with pytest.raises(Busy, match="2 sessions are open"):
        hub.open_session(lambda _: None)
    assert hub.sessions == (first, second)
    assert hub.session(first.id) is first
    await hub.close_session(first)
    assert hub.session(first.id) is None
    hub.open_session(lambda _: None)
    await hub.close()
    assert hub.sessions == ()


CLOSED: list[str] = []


class Closing(ScriptedTranscriber):
    def close(self) -> None:
        CLOSED.append("transcriber")
        raise OSError("the door is stuck")


class Missing(ScriptedJournal):
    @classmethod
    def open(cls, setup: EngineSetup) -> "Missing":
        raise PrerequisiteMissing("no paper", remedy="buy paper")


class Writing(ScriptedJournal):
    def close(self) -> None:
        CLOSED.append("journal")


def with_engines(**engines: type) -> Config:
    made = config()
    for part, engine in engines.items():
        made.engines[part] = EngineChoice(use=f"{engine.__module__}:{engine.__name__}")
    return made


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> str:
    """A name under which this module's engines are found."""
    import sys

    name = "tests_of_the_hub"
    monkeypatch.setitem(sys.modules, name, sys.modules[__name__])
    for engine in (Closing, Missing, Writing):
        monkeypatch.setattr(engine, "__module__", name)
    CLOSED.clear()
    return name


@pytest.mark.usefixtures("here")
async def test_an_engine_that_does_not_open_closes_those_that_did() -> None:
    hub = Hub(with_engines(transcriber=Closing, journal=Missing))
    with pytest.raises((AntiphonError, OSError)):
        await hub.load(weights=no_weights, progress=quiet)
    assert CLOSED == ["transcriber"]
    assert not hub.ready


@pytest.mark.usefixtures("here")
async def test_every_engine_is_closed_even_when_one_does_not_let_go() -> None:
    hub = await open_hub(
        with_engines(transcriber=Closing, journal=Writing), weights=no_weights, progress=quiet
    )
    with pytest.raises(OSError, match="stuck"):
        await hub.close()
    assert sorted(CLOSED) == ["journal", "transcriber"]


class Gated:
    """Makes engines wait at a gate, and remembers on which threads they waited."""

    def __init__(self, session: Session) -> None:
        self.gate, self.threads, self.late = Event(), set[int](), False
        parts = session._parts
        for engine, name in (
            (parts.language_model, "generate"),
            (parts.language_model, "prefill"),
            (parts.language_model, "count_tokens"),
            (parts.transcriber, "transcribe"),
            (parts.synthesizer, "synthesize"),
            (parts.end_of_turn, "score"),
            (parts.journal, "append"),
        ):
            self._wrap(engine, name)

    def _wrap(self, engine: object, name: str) -> None:
        whole = getattr(engine, name)

        def gated(*values: object, **named: object) -> object:
            self.threads.add(threading.get_ident())
            self.late = self.late or not self.gate.wait(PATIENCE_S)
            return whole(*values, **named)

        setattr(engine, name, gated)


async def test_the_loop_goes_on_while_every_engine_is_stuck() -> None:
    hub = await open_hub(config(), weights=no_weights, progress=quiet)
    told: list[SessionEvent] = []
    session = hub.open_session(told.append, BY_HAND)
    gated = Gated(session)
    session.push_audio(sung("what time is it"))
    session.push_audio(silence(500))
    session.commit_audio()
    session.respond(ReplyRequest())
    session.respond(ReplyRequest(in_conversation=False))
    session.configure(TYPED)
    for _ in range(500):
        await asyncio.sleep(0)
    session.cancel_reply()
    gated.gate.set()
    await hub.close()
    assert not gated.late
    assert threading.get_ident() not in gated.threads


async def test_closing_while_engines_work_lets_them_end_and_writes_everything_down() -> None:
    shelf: dict[str, list[object]] = {}
    made = config()
    made.engines["journal"] = EngineChoice(use="scripted", settings={"shelf": shelf})
    hub = await open_hub(made, weights=no_weights, progress=quiet)
    sessions = [hub.open_session(lambda _: None, BY_HAND) for _ in range(3)]
    gated = Gated(sessions[0])
    for session in sessions:
        session.push_audio(sung("what time is it"))
        session.commit_audio()
    closing = asyncio.create_task(hub.close())
    for _ in range(100):
        await asyncio.sleep(0)
    assert not closing.done()
    gated.gate.set()
    await closing
    assert [entries[-1].kind for entries in shelf.values()] == ["session_closed"] * 3


async def test_two_hundred_sessions_leave_no_thread_behind() -> None:
    before = threading.active_count()
    hub = await open_hub(config(), weights=no_weights, progress=quiet)
    for number in range(200):
        answered = asyncio.Event()

        def note(event: SessionEvent, answered: asyncio.Event = answered) -> None:
            if isinstance(event, TurnMeasured):
                answered.set()

        session = hub.open_session(note, TYPED)
        if number % 10 == 0:
            session.respond(ReplyRequest())
            await asyncio.wait_for(answered.wait(), PATIENCE_S)
        await hub.close_session(session)
    of_lanes = [thread for thread in threading.enumerate() if thread.name.startswith("antiphon-")]
    assert len(of_lanes) <= 16 * len(LIVE_PARTS)
    await hub.close()
    await asyncio.get_running_loop().shutdown_default_executor()
    assert threading.active_count() <= before
