"""Ask Antiphon as Home Assistant does: `antiphon serve --wyoming tcp://127.0.0.1:10300`, then run this."""

import asyncio
import os
import sys

from wyoming.asr import Transcript
from wyoming.client import AsyncClient
from wyoming.handle import Handled, NotHandled


async def ask(question: str, url: str = os.environ.get("ANTIPHON_WYOMING", "tcp://127.0.0.1:10300")) -> str:
    """The words of the answer."""
    async with AsyncClient.from_uri(url) as client:
        await client.write_event(Transcript(question, context={"conversation_id": "kitchen"}).event())
        while (event := await client.read_event()) is not None:
            if Handled.is_type(event.type) or NotHandled.is_type(event.type):
                return event.data["text"]
    return ""


if __name__ == "__main__":
    print(asyncio.run(ask(" ".join(sys.argv[1:]) or "What is the capital of France?")))
