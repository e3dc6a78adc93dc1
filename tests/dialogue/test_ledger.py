"""The playout ledger: the same sound whatever the order of arrival, and words heard by the sample."""

from hypothesis import given
from hypothesis import strategies as st

from antiphon.contracts import TimedWord
from antiphon.dialogue import heard_words, text_of
from antiphon.dialogue.ledger import Ledger

Chunk = tuple[int, int, int, tuple[TimedWord, ...], bool]


@st.composite
def replies(draw: st.DrawFn) -> list[Chunk]:
    """A reply's chunks in playing order: clause, chunk, samples, words, last."""
    chunks: list[Chunk] = []
    for clause in range(draw(st.integers(0, 4))):
        count = draw(st.integers(1, 4))
        for chunk in range(count):
            lengths = draw(st.lists(st.integers(0, 9000), max_size=4))
            words: list[TimedWord] = []
            at = 0
            for length in lengths:
                words.append(TimedWord(f"w{clause}.{chunk}.{len(words)}", at, at + length))
                at += length
            chunks.append((clause, chunk, at, tuple(words), chunk == count - 1))
    return chunks


@given(reply=replies(), data=st.data())
def test_any_order_of_arrival_makes_the_same_sound(reply: list[Chunk], data: st.DataObject) -> None:
    twice = [chunk for chunk in reply if data.draw(st.booleans())]
    ledger = Ledger()
    ready = [place for chunk in data.draw(st.permutations(reply + twice)) for place in ledger.add(*chunk)]
    assert ready == [(clause, chunk) for clause, chunk, samples, *_ in reply if samples]
    assert ledger.samples == sum(samples for _, _, samples, *_ in reply)
    assert [w.text for w in ledger.words] == [w.text for _, _, _, words, _ in reply for w in words]
    assert ledger.clauses == len({clause for clause, *_ in reply})


def test_a_chunk_before_its_time_is_not_ready() -> None:
    ledger = Ledger()
    assert ledger.add(0, 1, 100, (TimedWord("b", 0, 100),), True) == []
    assert (ledger.samples, ledger.words, ledger.clauses) == (0, (), 0)
    assert ledger.add(0, 0, 50, (TimedWord("a", 0, 50),), False) == [(0, 0), (0, 1)]
    assert ledger.words == (TimedWord("a", 0, 50), TimedWord("b", 50, 150))


def test_an_empty_chunk_ends_a_clause_and_makes_no_sound() -> None:
    ledger = Ledger()
    assert ledger.add(0, 0, 100, (), False) == [(0, 0)]
    assert ledger.add(0, 1, 0, (), True) == []
    assert ledger.clauses == 1


@given(reply=replies(), heard=st.integers(-10, 80_000), more=st.integers(0, 10_000))
def test_who_hears_more_has_heard_what_was_heard(reply: list[Chunk], heard: int, more: int) -> None:
    ledger = Ledger()
    for chunk in reply:
        ledger.add(*chunk)
    before = heard_words(ledger.words, heard)
    assert heard_words(ledger.words, heard + more)[: len(before)] == before
    assert heard_words(ledger.words, 0) == ()


def test_a_word_counts_from_its_half_on() -> None:
    words = (TimedWord("one", 0, 100), TimedWord("two", 100, 200))
    assert text_of(heard_words(words, 49)) == ""
    assert text_of(heard_words(words, 50)) == "one"
    assert text_of(heard_words(words, 149)) == "one"
    assert text_of(heard_words(words, 150)) == "one two"
