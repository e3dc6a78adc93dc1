"""A hub without engines, and a client on it."""

import pytest

from .client import Client
from .fakes import FakeHub


@pytest.fixture
def hub() -> FakeHub:
    return FakeHub()


@pytest.fixture
def client(hub: FakeHub) -> Client:
    """A client that has read `session.created`."""
    client = Client(hub)
    client.take()
    return client
