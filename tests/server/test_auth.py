"""Who may come in."""

import pytest

from antiphon.contracts import PrerequisiteMissing
from antiphon.runtime import ServerConfig
from antiphon.server.auth import Door, is_loopback, open_door, shown_key


def _headers(**headers: str) -> dict[str, str]:
    return {"Host": "127.0.0.1:8080", **headers}


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "::1", "talk.localhost"])
def test_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "", "::", "10.0.0.1", "localhost.evil.example", "127.0.0.1.evil.example"]
)
def test_other_machines(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("host", ["localhost", "localhost:8080", "127.0.0.1:1", "[::1]:8080", "LOCALHOST"])
def test_loopback_names_are_answered(host: str) -> None:
    assert Door(key=None, loopback=True).check({"Host": host}) is None


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "", "[", "localhost@evil.example"])
def test_rebound_names_are_not(host: str) -> None:
    refused = Door(key=None, loopback=True).check({"Host": host})
    assert refused is not None
    assert refused.status == 403


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "", "file://", "http://localhost.evil.example"]
)
def test_pages_from_elsewhere_are_refused(origin: str) -> None:
    refused = Door(key=None, loopback=True).check(_headers(Origin=origin))
    assert refused is not None
    assert refused.code == "forbidden_origin"


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8080", "http://localhost:5173", "http://[::1]:3000"])
def test_pages_from_here_are_welcome(origin: str) -> None:
    assert Door(key=None, loopback=True).check(_headers(Origin=origin)) is None


def test_any_key_will_do_where_none_is_set() -> None:
    assert Door(key=None, loopback=True).check(_headers(Authorization="Bearer whatever")) is None


def test_the_key_must_be_the_key() -> None:
    door = Door(key="schlüssel", loopback=False)
    assert door.check({"Authorization": "Bearer schlüssel", "Host": "talk.example"}) is None
    assert door.check({"Sec-WebSocket-Protocol": "realtime, openai-insecure-api-key.schlüssel"}) is None
    for wrong in ("", "Bearer", "Bearer ", "Bearer schlüsse", "Basic schlüssel", "Bearer \udcff"):
        refused = door.check({"Authorization": wrong})
        assert refused is not None
        assert refused.status == 401
        assert "schl" not in refused.message


def test_a_browser_shows_its_key_as_a_subprotocol() -> None:
    assert shown_key({"Sec-WebSocket-Protocol": "realtime, openai-insecure-api-key.abc"}) == "abc"
    assert shown_key({"Sec-WebSocket-Protocol": "realtime"}) is None
    assert shown_key({"Authorization": "bearer abc"}) == "abc"


def test_a_door_to_the_world_needs_a_key() -> None:
    with pytest.raises(PrerequisiteMissing, match="export ANTIPHON_KEY="):
        open_door(ServerConfig(host="0.0.0.0"), {})
    with pytest.raises(PrerequisiteMissing, match="TALK_KEY"):
        open_door(ServerConfig(host="192.168.1.2", key_env="TALK_KEY"), {"ANTIPHON_KEY": "x", "TALK_KEY": ""})
    assert open_door(ServerConfig(host="0.0.0.0"), {"ANTIPHON_KEY": "x"}).check({}) is not None
    assert open_door(ServerConfig(), {}).check(_headers()) is None


def test_a_key_set_on_loopback_is_asked_for() -> None:
    assert open_door(ServerConfig(), {"ANTIPHON_KEY": "x"}).check(_headers()) is not None
