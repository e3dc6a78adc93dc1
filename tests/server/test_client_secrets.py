"""Keys for browsers."""

import msgspec
import pytest
from openai.types.realtime import ClientSecretCreateResponse

from antiphon.contracts import Busy
from antiphon.server.client_secrets import SECRETS_MAX, ClientSecrets, ExpiresAfter, SecretRequest

from .fakes import FakeHub
from .line import listening

SECRETS = "/v1/realtime/client_secrets"


def test_a_key_opens_until_it_expires() -> None:
    now = 1_000.0
    secrets = ClientSecrets(lambda: now)
    secret = secrets.issue(SecretRequest(expires_after=ExpiresAfter(seconds=10)))
    assert secret.expires_at == 1_010
    assert secrets.find(secret.value) is secret
    now = 1_010.0
    assert secrets.find(secret.value) is None


@pytest.mark.parametrize("shown", [None, "", "ek_", "ek_nobody", "sk_other", "ek_\udcff"])
def test_other_keys_open_nothing(shown: str | None) -> None:
    secrets = ClientSecrets(lambda: 0.0)
    secrets.issue(SecretRequest())
    assert secrets.find(shown) is None


def test_there_are_only_so_many() -> None:
    now = 0.0
    secrets = ClientSecrets(lambda: now)
    for _ in range(SECRETS_MAX):
        secrets.issue(SecretRequest())
    with pytest.raises(Busy):
        secrets.issue(SecretRequest())
    now = 601.0
    secrets.issue(SecretRequest())


async def test_the_answer_is_what_openais_client_expects(hub: FakeHub) -> None:
    body = {"session": {"type": "realtime", "instructions": "Be brief."}, "expires_after": {"seconds": 60}}
    async with listening(hub) as line, line.http.post(line.url + SECRETS, json=body) as response:
        assert response.status == 200
        told = await response.json()
    ClientSecretCreateResponse.model_validate(told, strict=True)
    assert told["value"].startswith("ek_")
    assert told["session"]["instructions"] == "Be brief."


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "invalid_json"),
        (b"[]", "invalid_type"),
        (b'{"expires_after": {"seconds": 9}}', "invalid_value"),
        (b'{"expires_after": {"seconds": 7201}}', "invalid_value"),
        (b'{"session": {"nonsense": 1}}', "unknown_parameter"),
        (b'{"session": {"prompt": {"id": "p"}}}', "unsupported_parameter"),
    ],
)
async def test_what_cannot_be_had_is_refused(hub: FakeHub, body: bytes, code: str) -> None:
    async with listening(hub) as line, line.http.post(line.url + SECRETS, data=body) as response:
        assert response.status == 400
        assert (await response.json())["error"]["code"] == code


async def test_a_browsers_key_opens_its_session_and_nothing_else(hub: FakeHub) -> None:
    async with listening(hub, key="main", loopback=False) as line:
        main = {"Authorization": "Bearer main"}
        body = {"session": {"type": "realtime", "instructions": "Be a pirate."}}
        async with line.http.post(line.url + SECRETS, json=body, headers=main) as response:
            value = (await response.json())["value"]
        key = {"Authorization": f"Bearer {value}"}
        async with await line.connect(headers=key) as socket:
            created = msgspec.json.decode((await socket.receive()).data)
            assert created["session"]["instructions"] == "Be a pirate."
        for path in ("/v1/recordings", "/v1/sessions"):
            assert (await line.get(path, headers=key))[0] == 401
        assert (await line.get("/v1/models", headers=key))[0] == 200
        async with line.http.post(line.url + SECRETS, headers=key) as response:
            assert response.status == 401
        assert (await line.get("/v1/models", headers={"Authorization": "Bearer ek_none"}))[0] == 401


async def test_a_page_of_this_machine_may_read_the_answers(hub: FakeHub) -> None:
    page = {"Origin": "http://localhost:5173"}
    asks = {
        **page,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
    }
    async with listening(hub) as line:
        async with line.http.options(line.url + "/v1/realtime/calls", headers=asks) as response:
            assert response.status == 204
            assert response.headers["Access-Control-Allow-Origin"] == page["Origin"]
            assert response.headers["Access-Control-Allow-Headers"] == "authorization"
        async with line.http.get(line.url + "/v1/models", headers=page) as response:
            assert response.headers["Access-Control-Allow-Origin"] == page["Origin"]
            assert "Location" in response.headers["Access-Control-Expose-Headers"]
        strange = {**asks, "Origin": "https://evil.example"}
        async with line.http.options(line.url + "/v1/realtime/calls", headers=strange) as response:
            assert response.status == 403
            assert "Access-Control-Allow-Origin" not in response.headers
