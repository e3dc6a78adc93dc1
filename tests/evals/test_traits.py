"""Every trait of a caller does something that can be heard in their sound or seen in the conversation."""

from collections.abc import Callable
from itertools import pairwise

import msgspec
import numpy as np
import pytest

from antiphon.contracts import CLOCK_HZ, Audio
from antiphon.evals.caller import Say
from antiphon.evals.records import Line
from antiphon.evals.scenario import Manner, Point, Scenario, Sounds
from antiphon.evals.sounds import background, cough, door, in_room, rms
from antiphon.evals.text_call import Answer, Held, converse
from antiphon.evals.voice import Studio, Throat

from .talks import scenario

LEVEL = 0.06


PITCH_HZ = {"woman": 220.0, "man": 110.0}


class Voice:
    """A studio whose voices are tones: the voice is the pitch, the pace the length, a word lasts 0.3 s."""

    def spoken(self, text: str, voice: str, pace: float) -> Audio:
        time = np.arange(round(0.3 * len(text.split()) / pace * CLOCK_HZ)) / CLOCK_HZ
        return (LEVEL * np.sqrt(2) * np.sin(2 * np.pi * PITCH_HZ[voice] * time)).astype(np.float32)


class Agent:
    """Says a long sentence that asks for nothing."""

    def begin(self, seed: int) -> Answer | None:
        return None

    def answer(self, said: str) -> Answer:
        return Answer(text="There is a great deal that one could say about that, of course.", first_ms=500)

    def heard(self, text: str) -> None:
        """It does not matter."""


def with_(changes: dict[str, object]) -> Scenario:
    return msgspec.structs.replace(scenario(), **changes)


def throat(**changes: object) -> Throat:
    studio: Studio = Voice()
    return Throat(studio, with_(changes), 1)


def says(**changes: object) -> Audio:
    pauses_s = 0.6 if changes.get("manner") else 0.0
    return throat(**changes).says(Say(text="Well, four rolls.", intent="tells", pauses_s=pauses_s))


def loudest_hz(audio: Audio) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(audio))) * CLOCK_HZ / len(audio))


def held(**changes: object) -> Held:
    return converse(Agent(), with_(changes), 1)


def acts(talk: Held) -> list[str]:
    return [line.act for line in talk.lines if line.who == "caller"]


def test_a_voice_and_a_pace_are_heard() -> None:
    assert loudest_hz(says(voice="man")) == pytest.approx(110, abs=5)
    assert loudest_hz(says(voice="woman")) == pytest.approx(220, abs=5)
    assert len(says(pace=0.75)) > 1.25 * len(says(pace=1.0))


def test_a_pause_to_think_is_silence_at_the_comma() -> None:
    audio = says(manner=Manner(pauses=1.0))
    assert len(audio) - len(says()) == pytest.approx(0.6 * CLOCK_HZ, abs=10)
    assert not audio[round(0.35 * CLOCK_HZ) : round(0.85 * CLOCK_HZ)].any()


@pytest.mark.parametrize(("room", "least_s", "most_s"), [("small", 0.05, 0.3), ("hall", 0.3, 1.0)])
def test_a_room_rings_on_as_long_as_it_is_large(room: str, least_s: float, most_s: float) -> None:
    click = np.zeros(CLOCK_HZ // 10, np.float32)
    click[0] = 0.5
    wet = in_room(click, room, np.random.default_rng(1))
    energy = np.cumsum(np.square(wet[::-1]))[::-1]
    to_40_db_s = np.argmax(energy < 1e-4 * energy[0]) / CLOCK_HZ
    assert least_s < to_40_db_s < most_s


@pytest.mark.parametrize("kind", ["hum", "street", "voices"])
def test_a_background_lies_as_far_below_the_voice_as_told(kind: str) -> None:
    dice = np.random.default_rng(1)
    loop = background(kind, 18.0, LEVEL, dice)
    level_db = 20 * np.log10(float(np.sqrt(np.square(loop).mean())) / LEVEL)
    assert level_db == pytest.approx(-18, abs=0.5)
    step = np.abs(np.diff(np.concatenate([loop, loop[:1]])))
    assert step[-1] <= 3 * np.percentile(step, 90), "its ends meet"
    quiet = throat(sounds=Sounds(background="none")).background
    assert float(np.abs(quiet).max()) < 0.01


@pytest.mark.parametrize("noise", [cough, door])
def test_what_falls_into_an_answer_is_as_loud_as_a_voice_and_short(
    noise: Callable[[float, np.random.Generator], Audio],
) -> None:
    audio = noise(LEVEL, np.random.default_rng(1))
    assert 0.2 < len(audio) / CLOCK_HZ < 0.7
    assert 0.7 * LEVEL < rms(audio) < 3 * LEVEL


def test_interruptions_are_made() -> None:
    assert "interruption" not in acts(held())
    assert acts(held(manner=Manner(interrupts=1.0))).count("interruption") >= 2
    cuts_in = Point(says=("Stop!",), once=("count",), cuts_in=True)
    assert "interruption" in acts(held(points=(cuts_in,)))


def test_silences_are_kept() -> None:
    def longest_ms(lines: tuple[Line, ...]) -> float:
        return max(
            after.start_ms - before.end_ms for before, after in pairwise(lines) if after.who == "caller"
        )

    assert longest_ms(held().lines) < 1000
    assert longest_ms(held(manner=Manner(silences=1.0, silence_s=4.0)).lines) >= 4000


def test_a_change_of_mind_is_said_and_changes_what_should_come_of_it() -> None:
    changed = Point(says=("No, six rolls.",), once=("count",), slot="rolls", value=6)
    talk = held(points=(changed,))
    assert "No, six rolls." in [line.text for line in talk.lines]
    assert talk.caller.wanted["rolls"] == 6
    assert held().caller.wanted["rolls"] == 4


def test_what_is_hidden_is_not_volunteered() -> None:
    assert "My name is Ann Miller." not in [line.text for line in held().lines]
