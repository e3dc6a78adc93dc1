"""One table in, one frozen value or one complete complaint out."""

from typing import Annotated, Literal

import msgspec
import pytest

from antiphon.contracts import ConfigInvalid
from antiphon.contracts.settings import decode


class Lamp(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    colour: Literal["red", "green"] = "red"
    watts: Annotated[int, msgspec.Meta(ge=1, le=100)] = 10
    socket: str

    def __post_init__(self) -> None:
        if self.colour == "green" and self.watts > 50:
            raise ValueError("green lamps burn out above 50 watts")


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


def test_a_good_table_becomes_a_value_with_defaults() -> None:
    assert decode({"socket": "E27", "watts": 5}, Lamp, "lamp") == Lamp(socket="E27", watts=5)


def test_every_problem_is_told_at_once_with_the_nearest_name() -> None:
    with pytest.raises(ConfigInvalid) as caught:
        decode({"color": "red", "watts": 500, "zzz": 1}, Lamp, "lamp")
    first, second, third, fourth = caught.value.problems
    assert first == "lamp has no setting 'color'; did you mean 'colour'?"
    assert second == "lamp has no setting 'zzz'; it knows colour, socket, watts"
    assert third.startswith("lamp.watts: ")
    assert fourth == "lamp needs the setting 'socket'"


def test_a_combination_may_be_wrong_although_each_field_is_right() -> None:
    with pytest.raises(ConfigInvalid, match="burn out"):
        decode({"socket": "E27", "colour": "green", "watts": 60}, Lamp, "lamp")


def test_an_engine_without_settings_says_so() -> None:
    with pytest.raises(ConfigInvalid, match="has no settings"):
        decode({"x": 1}, Nothing, "silero")
