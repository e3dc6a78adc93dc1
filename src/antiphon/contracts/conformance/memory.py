"""The suite of `Memory`. It speaks in conversations of its own, and forgets them when it is done."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager

from antiphon.contracts.conformance.check import Suite, demand
from antiphon.contracts.conformance.threads import at_once
from antiphon.contracts.memory import Memory, Recall, RecallQuery, Utterance

Counter = Callable[[str], int]


def words(text: str) -> int:
    """As many tokens as there are words."""
    return len(text.split())


def letters(text: str) -> int:
    """A token a character: a space and a line end count as well."""
    return len(text)


def quarters(text: str) -> int:
    """A token for every four characters begun: two texts together may count less than apart."""
    return -(-len(text) // 4)


COUNTERS: tuple[Counter, ...] = (words, letters, quarters)
AMPLE = 500

TALK = (
    ("Mira", "Good evening, is anybody in?"),
    ("Otto", "Come in, the door is open."),
    ("Mira", "I keep my violin in the blue cupboard, remember?"),
    ("Otto", "I do. Shall we have tea? There is quite a lot of cake left over from yesterday's party."),
    ("Mira", "Tea, please."),
)


def check_learns_what_was_said(engine: Memory) -> None:
    """A fact from the conversation comes back when it is asked for."""
    with _remembering(engine, "learns") as said:
        got = _recall(engine, "learns", "Where does Mira keep her violin?", AMPLE)
        demand(
            "violin" in got.context and said[2].id in got.sources,
            f"asked where the violin is, memory offered {got.context[:80]!r} from {got.sources!r}; with room "
            f"for everything, what was just said about it must be in the context, and its id in the sources",
        )


def check_keeps_the_budget(engine: Memory) -> None:
    """`tokens` is exactly what the counter says of `context`, and never above the budget."""
    with _remembering(engine, "budget"):
        for count in COUNTERS:
            for budget in (0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144):
                _recall(engine, "budget", "Where is the violin?", budget, count)


def check_keeps_the_budget_with_one_long_utterance(engine: Memory) -> None:
    """Even an utterance that is longer than the whole budget does not break it."""
    long = Utterance(id=_id("long", 0), speaker="Mira", text="la " * 3000, conversation=_conversation("long"))
    with _known(engine, [long]):
        for count in COUNTERS:
            _recall(engine, "long", "What did she sing?", 50, count)


def check_sources_are_known(engine: Memory) -> None:
    """Sources are ids of what was learned, none of them twice."""
    with _remembering(engine, "sources") as said:
        got = _recall(engine, "sources", "tea and cake", AMPLE)
        mine = [source for source in got.sources if source.startswith("conformance-")]
        unknown = sorted(set(mine) - {utterance.id for utterance in said})
        demand(not unknown, f"sources hold {unknown!r}, which were never learned; they must be known ids")
        demand(
            len(set(got.sources)) == len(got.sources),
            f"sources are {got.sources!r}; an utterance must be named once",
        )


def check_learns_an_id_once(engine: Memory) -> None:
    """What is known already is not learned again, whatever it says this time."""
    with _remembering(engine, "twice") as said:
        engine.ingest(said)
        engine.ingest(
            [Utterance(id=said[0].id, speaker="Mira", text="xylophone", conversation=_conversation("twice"))]
        )
        got = _recall(engine, "twice", "xylophone violin", AMPLE)
        demand("xylophone" not in got.context, "an id already known was learned anew; it must stay as it was")
        known = engine.forget([utterance.id for utterance in said])
        demand(
            known == len(said),
            f"after learning {len(said)} utterances twice, forget() found {known}; an id counts once",
        )


def check_learns_nothing_from_nothing(engine: Memory) -> None:
    """An empty list and empty words are allowed."""
    engine.ingest([])
    empty = Utterance(id=_id("empty", 0), speaker="", text="", conversation=_conversation("empty"))
    with _known(engine, [empty]):
        _recall(engine, "empty", "", AMPLE)


def check_forgets(engine: Memory) -> None:
    """What is forgotten is gone, with all that rests on it, and the rest stays."""
    with _remembering(engine, "forgets") as said:
        gone = said[2]
        count = engine.forget([gone.id, "conformance-never-learned"])
        demand(
            count == 1, f"forget() of one known and one unknown id returned {count}; it must count the known"
        )
        got = _recall(engine, "forgets", "Where does Mira keep her violin?", AMPLE)
        demand(
            "violin" not in got.context and gone.id not in got.sources,
            f"after forgetting, memory still offered {got.context[:80]!r}; a forgotten utterance and all "
            f"that rests on it must be gone",
        )
        again = engine.forget([gone.id])
        demand(again == 0, f"forgetting the same id again returned {again}; it is not known any more")
        demand(engine.forget([]) == 0, "forget([]) did not return 0; nothing was asked for")
        rest = _recall(engine, "forgets", "Tea, please.", AMPLE)
        demand(
            "ea, please" in rest.context,
            f"after forgetting one utterance, the others are gone too: {rest.context[:80]!r}; they must stay",
        )


def check_works_on_its_threads(engine: Memory) -> None:
    """As many calls at once as the card promises, on threads other than the one that opened it."""

    def work(index: int) -> None:
        with _remembering(engine, f"thread-{index}"):
            _recall(engine, f"thread-{index}", "Where is the violin?", 30)

    at_once(engine.card.concurrency, work)


SUITE: Suite[Memory] = Suite(
    protocol=Memory,
    checks=(
        check_learns_what_was_said,
        check_keeps_the_budget,
        check_keeps_the_budget_with_one_long_utterance,
        check_sources_are_known,
        check_learns_an_id_once,
        check_learns_nothing_from_nothing,
        check_forgets,
        check_works_on_its_threads,
    ),
)


@contextmanager
def _remembering(engine: Memory, topic: str) -> Generator[Sequence[Utterance], None, None]:
    said = [
        Utterance(
            id=_id(topic, index),
            speaker=speaker,
            text=text,
            said_at=f"2025-03-01T19:0{index}:00+00:00",
            conversation=_conversation(topic),
        )
        for index, (speaker, text) in enumerate(TALK)
    ]
    with _known(engine, said):
        yield said


@contextmanager
def _known(engine: Memory, said: Sequence[Utterance]) -> Generator[None, None, None]:
    # A memory that persists may still hold what an earlier, interrupted run left in it.
    ids = [utterance.id for utterance in said]
    engine.forget(ids)
    engine.ingest(said)
    try:
        yield
    finally:
        engine.forget(ids)


def _recall(engine: Memory, topic: str, text: str, budget: int, count: Counter = words) -> Recall:
    query = RecallQuery(text=text, budget_tokens=budget, speaker="Otto", conversation=_conversation(topic))
    got = engine.recall(query, count)
    counted = count(got.context)
    demand(
        got.tokens == counted,
        f"recall() says {got.tokens} tokens and the counter says {counted} for the same context; "
        f"the number must be what the given counter counts",
    )
    demand(
        got.tokens <= budget,
        f"recall() offered {got.tokens} tokens for a budget of {budget}, counted in {count.__name__}; "
        f"the budget is a hard bound",
    )
    demand(
        bool(got.context) or not got.sources,
        f"an empty context names the sources {got.sources!r}; sources are what the context rests on",
    )
    return got


def _conversation(topic: str) -> str:
    return f"conformance-{topic}"


def _id(topic: str, index: int) -> str:
    return f"conformance-{topic}-{index}"
