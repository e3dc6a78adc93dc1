"""While it is open which of two values a caller meant, a yes does nothing; with real embeddings."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from antiphon.contracts import EngineSetup
from antiphon.engines.minilm import MiniLM
from antiphon.samp import Decider
from antiphon.samp.state import owed_opening

from .test_deciding import CASTS, DECIDERS, TODAY, Talk, read_out

pytestmark = pytest.mark.real


@pytest.fixture(scope="module", autouse=True)
def _decider(weights: Callable[[str], Path]) -> Iterator[None]:
    embedder = MiniLM.open(EngineSetup(weights=weights))
    DECIDERS["restaurant"] = Decider(CASTS["restaurant"], embedder)
    yield
    embedder.close()


@pytest.fixture
def talk() -> Talk:
    """A caller to whom a table for four at seven is read out."""
    return read_out()


@pytest.mark.parametrize("asked", ["Do you mean eight guests?", "Do you", "Do you mean how many guests, or"])
def test_a_yes_does_nothing_while_it_is_open_which_is_meant_however_that_was_asked(
    talk: Talk, asked: str
) -> None:
    talk.says("No, eight.", asked)
    for again in (asked, "Well?", "Hm."):
        assert talk.says("Yes.", again)[0] == "confirm"
        talk.session.caller_said("Well, let me see.", today=TODAY)
    talk.session.caller_said("The time.", today=TODAY)
    assert talk.session.state.slots["hour"].value == "20:00"


def test_who_says_that_it_is_wrong_is_not_asked_again_which_was_meant(talk: Talk) -> None:
    talk.says("No, eight.", "Do you mean how many guests, or when they come?")
    assert talk.says("No, that is wrong.") == ("booking", "host")


@pytest.mark.parametrize("answers", [("Four guests at seven.", "Yes."), ("Yes, that's right, at seven.",)])
def test_what_was_open_is_settled_by_the_values_that_were_read_out(
    talk: Talk, answers: tuple[str, ...]
) -> None:
    talk.says("No, eight.", "Do you mean eight guests?")
    before = talk.session.state.slots
    assert [talk.says(answer)[0] for answer in answers][-1] == "farewell"
    assert talk.session.state.slots == before


def test_what_was_open_is_settled_by_a_yes_to_what_is_read_out_again(talk: Talk) -> None:
    talk.says("No, eight.", "Do you mean eight guests?")
    again = owed_opening(talk.cast, replace(talk.session.state, openings={})) or ""
    talk.says("Well, let me see.", again)
    assert talk.says("Yes, that's right.") == ("farewell", "host")
