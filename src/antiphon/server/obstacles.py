"""What keeps the server from serving a configuration, its own doors included."""

from collections.abc import Callable, Iterator
from pathlib import Path

from antiphon.contracts import AntiphonError, ConfigInvalid, PrerequisiteMissing
from antiphon.runtime import Config
from antiphon.runtime.obstacles import Obstacle, below, obstacles
from antiphon.server.app import house
from antiphon.server.auth import open_door
from antiphon.server.telemetry.traces import libraries


def obstacles_to_serving(config: Config, weights: Callable[[str], Path]) -> Iterator[Obstacle]:
    """All that shows before anything is loaded or listened to; `weights` finds a model's folder."""
    yield from obstacles(config, weights)
    for about, check, remedy in (
        ("key", _check_door, below("server")),
        ("home assistant", _check_home, below("wyoming")),
        ("traces", _check_traces, below("telemetry")),
    ):
        try:
            check(config)
        except AntiphonError as error:
            yield Obstacle(about, error, remedy)


def check_servable(config: Config, weights: Callable[[str], Path]) -> None:
    """Whether `config` can be served; `weights` finds a model's folder.

    Raises:
        AntiphonError: what is in the way; where that is more than one thing, ConfigInvalid with all of them.
    """
    found = list(obstacles_to_serving(config, weights))
    absent = [each.model for each in found if each.model and isinstance(each.error, PrerequisiteMissing)]
    errors = [each.error for each in found if each.model not in absent]
    if absent:
        errors.append(_not_pulled(absent))
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise ConfigInvalid(tuple(str(error) for error in errors))


def _not_pulled(models: list[str]) -> PrerequisiteMissing:
    """One command fetches them all."""
    return PrerequisiteMissing(
        f"the weights of {', '.join(models)} are not on this machine",
        remedy=f"antiphon models pull {' '.join(models)}",
    )


def _check_door(config: Config) -> None:
    open_door(config.server)


def _check_home(config: Config) -> None:
    if config.wyoming.uri:
        house().place_of(config.wyoming)


def _check_traces(config: Config) -> None:
    if config.telemetry.otlp:
        libraries()
