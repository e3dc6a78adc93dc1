"""The `openai` package: an answer over its WebSocket, a call and a browser's key over its HTTP."""

from openai import AsyncOpenAI
from tests.server.phone import Phone

from .conftest import Serve
from .examples import example


async def test_the_example(serve: Serve) -> None:
    async with serve("Paris of course") as url:
        assert await example("openai_sdk")("What is the capital of France?", url) == "Paris of course"


async def test_a_call_and_a_key_by_the_sdk(serve: Serve) -> None:
    async with serve("Ahoy") as url, AsyncOpenAI(api_key="any", base_url=f"{url}/v1") as client:
        secret = await client.realtime.client_secrets.create(
            session={"type": "realtime", "instructions": "Be a pirate."}
        )
        assert secret.session.type == "realtime"
        assert secret.session.instructions == "Be a pirate."
        phone = Phone()
        browser = client.with_options(api_key=secret.value)
        answer = await browser.realtime.calls.with_raw_response.create(sdp=await phone.offer())
        await phone.answered(answer.text)
        assert phone.of("session.created")[0]["session"]["instructions"] == "Be a pirate."
        call_id = answer.headers["Location"].rpartition("/")[2]
        async with client.realtime.connect(call_id=call_id) as beside:
            assert (await beside.recv()).type == "session.created"
            await beside.response.create()
            done = await phone.event("response.output_audio_transcript.done")
            assert done["transcript"] == "Ahoy"
            await phone.until(lambda: bool(phone.sound()))
        await client.realtime.calls.hangup(call_id)
        await phone.until_closed()
        await phone.hang_up()
