"""What keeps the server from serving a configuration, its own doors included."""

from collections.abc import Iterator

from antiphon.contracts import AntiphonError, ConfigInvalid
from antiphon.runtime import Config
from antiphon.runtime.obstacles import Obstacle, below, obstacles
from antiphon.server.app import house
from antiphon.server.auth import open_door
from antiphon.server.telemetry.traces import libraries


def obstacles_to_serving(config: Config) -> Iterator[Obstacle]:
    """All that shows before anything is loaded or listened to."""
    yield from obstacles(config)
    for about, check, remedy in (
        ("key", _check_door, below("server")),
        ("home assistant", _check_home, below("wyoming")),
        ("traces", _check_traces, below("telemetry")),
    ):
        try:
            check(config)
        except AntiphonError as error:
            yield Obstacle(about, error, remedy)


def check_servable(config: Config) -> None:
    """Whether `config` can be served.

    Raises:
        AntiphonError: what is in the way; where that is more than one thing, ConfigInvalid with all of them.
    """
    errors = [obstacle.error for obstacle in obstacles_to_serving(config)]
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise ConfigInvalid(tuple(str(error) for error in errors))


def _check_door(config: Config) -> None:
    open_door(config.server)


def _check_home(config: Config) -> None:
    if config.wyoming.uri:
        house().place_of(config.wyoming)


def _check_traces(config: Config) -> None:
    if config.telemetry.otlp:
        libraries()
