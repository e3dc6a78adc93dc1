"""Ask Antiphon with an agent of the OpenAI Agents SDK and its tool: `python openai_agents.py [QUESTION]`."""

import asyncio
import os
import sys

from agents import function_tool
from agents.realtime import RealtimeAgent, RealtimeRunner


@function_tool
def order_number(name: str) -> str:
    """The number of a guest's order."""
    return f"{name} has order 42"


async def ask(question: str, url: str = os.environ.get("ANTIPHON_URL", "http://127.0.0.1:8080")) -> str:
    """The words of the spoken answer, after whatever tools it took."""
    agent = RealtimeAgent(name="waiter", instructions="Be brief.", tools=[order_number])
    websocket = url.replace("http", "ws", 1) + "/v1/realtime?model=antiphon"
    words = ""
    async with await RealtimeRunner(agent).run(model_config={"url": websocket, "api_key": "any"}) as session:
        await session.send_message(question)
        async for event in session:
            if event.type == "raw_model_event" and event.data.type == "transcript_delta":
                words += event.data.delta
            elif event.type == "agent_end" and words:
                break
    return words


if __name__ == "__main__":
    print(asyncio.run(ask(" ".join(sys.argv[1:]) or "What is Alice's order?")))
