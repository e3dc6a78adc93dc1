"""Ask Antiphon with LiveKit's realtime model for OpenAI: `python livekit_plugin.py [QUESTION]`."""

import asyncio
import os
import sys

import aiohttp
from livekit.agents import llm
from livekit.plugins import openai


async def ask(question: str, url: str = os.environ.get("ANTIPHON_URL", "http://127.0.0.1:8080")) -> str:
    """The words of the spoken answer."""
    async with aiohttp.ClientSession() as http:
        model = openai.realtime.RealtimeModel(base_url=f"{url}/v1", api_key="any", http_session=http)
        session = model.session()
        asked = llm.ChatContext.empty()
        asked.add_message(role="user", content=question)
        await session.update_chat_ctx(asked)
        reply = await session.generate_reply()
        words = [word async for message in reply.message_stream async for word in message.text_stream]
        await session.aclose()
    return "".join(words)


if __name__ == "__main__":
    print(asyncio.run(ask(" ".join(sys.argv[1:]) or "What is the capital of France?")))
