"""The suite of `Journal`. Each check writes sessions of its own, whose names nobody has used before."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from antiphon.contracts.conformance.check import Suite, demand, refuses
from antiphon.contracts.conformance.threads import at_once
from antiphon.contracts.errors import ContractBroken
from antiphon.contracts.journal import Journal, JournalEntry

BODY: dict[str, Any] = {
    "text": "Grüezi, 你好 🙂 'quoted' \"twice\"\n",
    "count": 3,
    "share": 0.25,
    "yes": True,
    "none": None,
    "list": [1, [2, {"deep": []}]],
    "": "an empty key",
}


def check_gives_back_what_was_written(engine: Journal) -> None:
    """Every field, in order, whatever JSON can say."""
    session = _session()
    entries = [_entry(session, number, body=BODY if number == 2 else {}) for number in range(1, 6)]
    engine.append(entries[:1])
    engine.append(entries[1:])
    got = list(engine.read(session))
    demand(
        got == entries,
        f"five entries were appended and read() gave {_numbers(got)}, or other contents; "
        f"it must give back the same entries in order",
    )


def check_reads_on_from_anywhere(engine: Journal) -> None:
    """`after` leaves out what the reader already has."""
    session = _written(engine, 5)
    for after, wanted in ((0, [1, 2, 3, 4, 5]), (2, [3, 4, 5]), (5, []), (99, [])):
        got = _numbers(engine.read(session, after=after))
        demand(got == wanted, f"read(after={after}) gave {got}; it must give {wanted}")


def check_unknown_session_is_empty(engine: Journal) -> None:
    """Nobody has written there."""
    got = list(engine.read(_session()))
    demand(not got, f"a session without entries gave {len(got)}; it must give none")


def check_appending_nothing_is_nothing(engine: Journal) -> None:
    """An empty list changes nothing."""
    before = engine.sessions()
    engine.append([])
    demand(engine.sessions() == before, "append([]) changed the sessions; it must change nothing")


def check_gaps_are_refused(engine: Journal) -> None:
    """The first entry is number 1, and then every number."""
    session = _session()
    for number in (0, -1, 2):
        refuses(
            ContractBroken,
            lambda n=number: engine.append([_entry(session, n)]),
            f"first entry number {number}",
        )
    engine.append([_entry(session, 1)])
    refuses(ContractBroken, lambda: engine.append([_entry(session, 3)]), "number 3 after number 1, a gap,")
    refuses(
        ContractBroken,
        lambda: engine.append([_entry(session, 2), _entry(session, 4)]),
        "a gap inside one append",
    )


def check_a_taken_number_is_refused(engine: Journal) -> None:
    """What happened cannot be changed afterwards."""
    session = _written(engine, 3)
    changed = {
        "body": _entry(session, 2, body={"text": "other"}),
        "kind": _entry(session, 2, kind="something_else_happened"),
        "time": _entry(session, 2, at=999_999),
    }
    for what, entry in changed.items():
        refuses(ContractBroken, lambda e=entry: engine.append([e]), f"number 2 again with another {what}")
    _check_numbers(engine, session, 3, "after a refused change")


def check_the_same_entry_again_changes_nothing(engine: Journal) -> None:
    """A writer who is not sure that its last append arrived may repeat it."""
    session = _written(engine, 3)
    engine.append([_entry(session, 2)])
    engine.append([_entry(session, number) for number in (1, 2, 3)])
    _check_numbers(engine, session, 3, "after the same entries were appended again")
    engine.append([_entry(session, number) for number in (2, 3, 4)])
    _check_numbers(engine, session, 4, "after an append that overlapped by two")


def check_all_or_none(engine: Journal) -> None:
    """One bad entry keeps the good ones of the same append out, in other sessions too."""
    session, other = _written(engine, 2), _session()
    batch = [_entry(session, 3), _entry(other, 1), _entry(session, 4), _entry(session, 6)]
    refuses(ContractBroken, lambda: engine.append(batch), "an append whose last entry leaves a gap")
    _check_numbers(engine, session, 2, "after an append that was refused")
    _check_numbers(engine, other, 0, "after an append that was refused for another session")
    demand(
        other not in engine.sessions(),
        "a session whose only append was refused is listed; an append must add all entries or none",
    )
    engine.append([_entry(session, 3)])
    _check_numbers(engine, session, 3, "after a good append that follows a refused one")


def check_sessions_are_apart(engine: Journal) -> None:
    """Each session counts for itself, and the older one comes first."""
    first, second = _session(), _session()
    engine.append([_entry(first, 1), _entry(second, 1)])
    engine.append([_entry(second, 2), _entry(first, 2)])
    _check_numbers(engine, first, 2, "with two sessions written in turn")
    _check_numbers(engine, second, 2, "with two sessions written in turn")
    mine = [session for session in engine.sessions() if session in (first, second)]
    demand(mine == [first, second], "sessions() does not list each session once, oldest first")


def check_writing_while_reading(engine: Journal) -> None:
    """A reader in the middle of a session does not stop its writer, and misses nothing it began with."""
    session = _written(engine, 4)
    reader = engine.read(session)
    got = [next(reader).sequence]
    engine.append([_entry(session, 5)])
    got += _numbers(reader)
    demand(
        got[:4] == [1, 2, 3, 4],
        f"a reader overtaken by an append got {got}; it must get at least what was there, in order",
    )


def check_works_on_its_threads(engine: Journal) -> None:
    """As many writers at once as the card promises, each with its own session."""
    sessions = at_once(engine.card.concurrency, lambda _: _written(engine, 20))
    for session in sessions:
        _check_numbers(engine, session, 20, "written on another thread")


def check_survives_reopening(engine: Journal, reopen: Callable[[], Journal]) -> None:
    """What `append` has returned from is there for the next process, though nobody closed anything."""
    session = _written(engine, 3)
    again = reopen()
    try:
        _check_numbers(again, session, 3, "opened again without closing first")
        demand(session in again.sessions(), "opened again, the journal does not list a session it holds")
        refuses(ContractBroken, lambda: again.append([_entry(session, 5)]), "a gap after reopening")
    finally:
        again.close()


SUITE: Suite[Journal] = Suite(
    protocol=Journal,
    checks=(
        check_gives_back_what_was_written,
        check_reads_on_from_anywhere,
        check_unknown_session_is_empty,
        check_appending_nothing_is_nothing,
        check_gaps_are_refused,
        check_a_taken_number_is_refused,
        check_the_same_entry_again_changes_nothing,
        check_all_or_none,
        check_sessions_are_apart,
        check_writing_while_reading,
        check_works_on_its_threads,
    ),
    with_reopen=(check_survives_reopening,),
)


def _session() -> str:
    return f"conformance-{uuid4().hex}"


def _entry(
    session: str,
    number: int,
    *,
    kind: str = "something_happened",
    at: int | None = None,
    body: dict[str, Any] | None = None,
) -> JournalEntry:
    when = number * 480 if at is None else at
    return JournalEntry(session=session, sequence=number, at=when, kind=kind, body=body or {})


def _written(engine: Journal, count: int) -> str:
    session = _session()
    for number in range(1, count + 1):
        engine.append([_entry(session, number)])
    return session


def _numbers(entries: Any) -> list[int]:
    return [entry.sequence for entry in entries]


def _check_numbers(engine: Journal, session: str, count: int, when: str) -> None:
    got = _numbers(engine.read(session))
    demand(
        got == list(range(1, count + 1)),
        f"{when}, the session holds the numbers {got}; it must hold 1 to {count}, each once and in order",
    )
