"""What every engine owes, whatever its part: an honest card, and an end that can be repeated."""

from collections.abc import Callable
from math import isfinite
from typing import get_args

from antiphon.contracts.conformance.check import Broken, demand
from antiphon.contracts.engine import Engine, EngineCard, Part


def check_card_is_complete(engine: Engine) -> None:
    """The card says all that people choose by and code relies on."""
    card = getattr(type(engine), "card", None)
    if not isinstance(card, EngineCard):
        raise Broken(
            f"{type(engine).__qualname__}.card is {card!r}; it must be an EngineCard and an attribute of the "
            f"class, so that it can be read without opening the engine"
        )
    demand(
        bool(card.name) and not any(letter.isspace() for letter in card.name),
        f"card.name is {card.name!r}; a name must be typed in a configuration: not empty, without spaces",
    )
    demand(card.part in get_args(Part), f"card.part is {card.part!r}; it must be one of {get_args(Part)}")
    demand(bool(card.summary.strip()), "card.summary is empty; it must be a sentence a user would choose by")
    demand(
        bool(card.licence.strip()),
        'card.licence is empty; it must be an SPDX identifier, or "service" for a remote engine',
    )
    demand(card.concurrency >= 1, f"card.concurrency is {card.concurrency}; it must be at least 1")
    demand(
        card.sample_rate_hz is None or card.sample_rate_hz > 0,
        f"card.sample_rate_hz is {card.sample_rate_hz}; it must be positive, or None without audio",
    )
    demand(
        all(tag and not any(letter.isspace() for letter in tag) for tag in card.languages),
        f"card.languages holds {card.languages!r}; each must be a BCP 47 tag such as 'en' or 'de-CH'",
    )
    demand(
        all(isfinite(value) and value >= 0 for value in card.latency_ms.values()),
        f"card.latency_ms holds {dict(card.latency_ms)!r}; each must be a finite number of milliseconds",
    )


def check_closes_twice(engine: Engine) -> None:
    """Closing what is closed is allowed. It runs last, and leaves the engine closed."""
    engine.close()
    try:
        engine.close()
    except Exception as error:
        raise Broken(f"a second close() raised {error!r}; closing twice must be allowed") from error


def hears_at(rate_hz: int) -> Callable[[Engine], None]:
    """The check that the card names the rate its contract fixes."""

    def check_card_names_the_rate(engine: Engine) -> None:
        demand(
            engine.card.sample_rate_hz == rate_hz,
            f"card.sample_rate_hz is {engine.card.sample_rate_hz}; this contract's audio is {rate_hz} Hz",
        )

    return check_card_names_the_rate
