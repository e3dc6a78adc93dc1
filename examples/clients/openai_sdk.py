"""Ask Antiphon a question with the OpenAI Python SDK: `python openai_sdk.py [QUESTION]`."""

import asyncio
import os
import sys

from openai import AsyncOpenAI


async def ask(question: str, url: str = os.environ.get("ANTIPHON_URL", "http://127.0.0.1:8080")) -> str:
    """The words of the spoken answer."""
    client = AsyncOpenAI(api_key="any", base_url=f"{url}/v1")
    async with client, client.realtime.connect(model="antiphon") as connection:
        content = [{"type": "input_text", "text": question}]
        await connection.conversation.item.create(
            item={"type": "message", "role": "user", "content": content}
        )
        await connection.response.create()
        async for event in connection:
            if event.type == "response.output_audio_transcript.done":
                return event.transcript
    return ""


if __name__ == "__main__":
    print(asyncio.run(ask(" ".join(sys.argv[1:]) or "What is the capital of France?")))
