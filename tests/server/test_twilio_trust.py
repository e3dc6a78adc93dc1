"""Who may call: keys, signatures, names, and the TwiML that hands out the one and is guarded by the other."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from xml.etree import ElementTree as XML

import pytest
from aiohttp import ClientSession, WSMsgType, WSServerHandshakeError
from aiohttp.test_utils import TestServer

from antiphon.contracts import ConfigInvalid, PrerequisiteMissing
from antiphon.runtime import Config, ServerConfig, parse_config
from antiphon.server.app import Server
from antiphon.server.auth import open_door
from antiphon.server.twilio.trust import signature, signed

from .carrier import calling, ringing
from .fakes import FakeHub
from .line import Line

AUTH = "12345"
Serve = Callable[..., AbstractAsyncContextManager[Line]]
PUBLIC = "https://voice.example.org"
FIELDS = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+14158675309",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
}


@pytest.fixture
def served(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> Serve:
    """`served(key, auth, public_url)`: a server with these in its environment."""

    @asynccontextmanager
    async def serve(key: str = "", auth: str = "", public_url: str = "") -> AsyncGenerator[Line]:
        for name, value in (("ANTIPHON_KEY", key), ("TWILIO_AUTH_TOKEN", auth)):
            monkeypatch.setenv(name, value)
        config = Config(server=ServerConfig(public_url=public_url))
        app = Server(hub, config, open_door(config.server)).app()
        async with TestServer(app) as server, ClientSession() as http:
            yield Line(server, http)

    return serve


async def _refused(line: Line, path: str = "/v1/twilio", **headers: str) -> int:
    with pytest.raises(WSServerHandshakeError) as refused:
        await line.http.ws_connect(line.url + path, headers=headers)
    return refused.value.status


async def _voice(line: Line, path: str = "/v1/twilio/voice", **headers: str) -> tuple[int, str, str]:
    async with line.http.post(line.url + path, data=FIELDS, headers=headers) as response:
        return response.status, await response.text(), response.content_type


def _read(twiml: str) -> tuple[str, dict[str, str]]:
    """The stream's address, and its parameters."""
    stream = XML.fromstring(twiml).find("./Connect/Stream")
    assert stream is not None
    found = {one.attrib["name"]: one.attrib["value"] for one in stream.findall("Parameter")}
    return stream.attrib["url"], found


def test_the_signature_is_the_one_that_twilio_publishes() -> None:
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert signature("12345", url, FIELDS.items()) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


@pytest.mark.parametrize(
    "url",
    [
        "wss://voice.example.org/v1/twilio",
        "wss://voice.example.org/v1/twilio/",
        "wss://voice.example.org:443/v1/twilio",
    ],
)
def test_spellings_of_one_address(url: str) -> None:
    assert signed("s", signature("s", url), "wss://voice.example.org/v1/twilio")


@pytest.mark.parametrize(
    "url",
    [
        "https://voice.example.org/v1/twilio",
        "wss://voice.example.org/v1/twilio/x",
        "wss://evil.example/v1/twilio",
        "wss://voice.example.org:8443/v1/twilio",
    ],
)
def test_other_addresses_are_other_addresses(url: str) -> None:
    assert not signed("s", signature("s", url), "wss://voice.example.org/v1/twilio")


def test_fields_cannot_be_changed() -> None:
    url, good = "https://a.example/v", signature("s", "https://a.example/v", FIELDS.items())
    assert signed("s", good, url, FIELDS.items())
    assert not signed("s", good, url, {**FIELDS, "From": "+1"}.items())
    assert not signed("t", good, url, FIELDS.items())
    assert not signed("s", "", url, FIELDS.items())
    assert not signed("s", "\udce9", url, FIELDS.items())


async def test_a_key_at_the_end_of_the_path_or_among_the_parameters(hub: FakeHub, served: Serve) -> None:
    async with served(key="abc") as line:
        assert await _refused(line, "/v1/twilio/wrong") == 401
        async with ringing(line.http, line.url, "/v1/twilio/abc") as carrier:
            await carrier.start()
            await carrier.until(lambda: len(hub.opened) == 1)
        async with calling(line.http, line.url, token="abc") as carrier:
            await carrier.until(lambda: len(hub.opened) == 2)
        for parameters in ({}, {"token": "abd"}, {"token": ""}):
            async with calling(line.http, line.url, **parameters) as carrier:
                await carrier.until(lambda carrier=carrier: carrier.closed is not None)
                assert carrier.closed == (1008, "")
        assert len(hub.opened) == 2


async def test_the_twiml_connects_the_call_with_a_key_of_its_own(hub: FakeHub, served: Serve) -> None:
    async with served(key="abc") as line:
        assert (await _voice(line))[0] == 401
        assert (await _voice(line, "/v1/twilio/voice/wrong"))[0] == 401
        status, twiml, kind = await _voice(line, "/v1/twilio/voice/abc?user=Mira&voice=alto&greet=1")
        assert (status, kind) == (200, "text/xml")
        url, parameters = _read(twiml)
        stream, _, token = url.rpartition("/")
        assert stream == line.url.replace("http", "ws") + "/v1/twilio"
        assert parameters == {"user": "Mira", "voice": "alto", "greet": "1"}
        assert token.startswith("ek_"), "the server's own key is for nobody to log"
        async with ringing(line.http, line.url, f"/v1/twilio/{token}") as carrier:
            await carrier.start(**parameters)
            await carrier.until(lambda: hub.opened)
            assert (hub.opened[0].settings.user, hub.opened[0].settings.voice) == ("Mira", "alto")
            (greeting,) = hub.opened[0].requests
            assert greeting.instructions is not None
            assert "Greet" in greeting.instructions


async def test_twiml_quotes_what_it_is_given(served: Serve) -> None:
    said = '"><Say>&\u00e9'
    async with served() as line:
        status, twiml, _ = await _voice(line, f"/v1/twilio/voice?instructions={said.replace('&', '%26')}")
        assert status == 200
        assert _read(twiml)[1] == {"instructions": said}
        assert (await _voice(line, "/v1/twilio/voice?colour=blue"))[0] == 400


async def test_with_an_auth_token_everything_is_signed(hub: FakeHub, served: Serve) -> None:
    name = {"Host": "voice.example.org"}
    async with served(auth=AUTH, public_url=PUBLIC) as line:
        assert (await _voice(line, **name))[0] == 403
        path = "/v1/twilio/voice?greet=1"
        shown = {"X-Twilio-Signature": signature(AUTH, PUBLIC + path, FIELDS.items()), **name}
        assert (await _voice(line, "/v1/twilio/voice?greet=0", **shown))[0] == 403
        status, twiml, _ = await _voice(line, path, **shown)
        assert status == 200
        url, parameters = _read(twiml)
        assert (url, parameters) == ("wss://voice.example.org/v1/twilio", {"greet": "1"})
        assert await _refused(line, **name) == 403
        assert await _refused(line, **{**shown, "X-Twilio-Signature": signature(AUTH, PUBLIC)}) == 403
        headers = {"X-Twilio-Signature": signature(AUTH, url), **name}
        async with ringing(line.http, line.url, headers=headers) as carrier:
            await carrier.start(**parameters)
            await carrier.until(lambda: hub.opened)


async def test_the_public_name_is_for_carriers_only(served: Serve) -> None:
    async with served(key="abc", public_url=PUBLIC) as line:
        name = {"Host": "voice.example.org"}
        assert (await line.get("/v1/models", headers={**name, "Authorization": "Bearer abc"}))[0] == 403
        assert (await _voice(line, "/v1/twilio/voice/abc", **name))[0] == 200
        assert (await _voice(line, "/v1/twilio/voice/abc", Host="evil.example"))[0] == 403
        assert (await _voice(line, "/v1/twilio/voice/abc", **name, Origin="https://evil.example"))[0] == 403


async def test_only_so_many_lines_say_nothing(served: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("antiphon.server.twilio.api.WAITING_MAX", 1)
    async with served() as line, line.http.ws_connect(line.url + "/v1/twilio") as first:
        with pytest.raises(WSServerHandshakeError) as refused:
            await line.http.ws_connect(line.url + "/v1/twilio")
        assert refused.value.status == 503
        await first.close()
        async with line.http.ws_connect(line.url + "/v1/twilio") as second:
            await second.send_str("{")
            assert (await second.receive()).type is WSMsgType.CLOSE


def test_a_public_address_wants_a_lock() -> None:
    config = ServerConfig(public_url=PUBLIC)
    with pytest.raises(PrerequisiteMissing, match="anybody"):
        open_door(config, {})
    assert open_door(config, {"ANTIPHON_KEY": "abc"}).locked
    assert not open_door(config, {"TWILIO_AUTH_TOKEN": "x"}).locked


@pytest.mark.parametrize(
    "url", ["voice.example.org", "https://voice.example.org/path", "ftp://x", "https://u:p@x"]
)
def test_what_is_no_public_address(url: str) -> None:
    with pytest.raises(ConfigInvalid):
        parse_config({"server": {"public_url": url}})
