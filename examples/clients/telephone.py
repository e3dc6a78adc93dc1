"""Call Antiphon without a telephone: `python telephone.py QUESTION.wav ANSWER.wav [SECONDS]`.

A carrier in the manner of Twilio Media Streams, which hangs up when nothing was heard for some seconds. Set
ANTIPHON_KEY if the server has one.
"""

import asyncio
import base64
import io
import os
import sys

import aiohttp
import numpy as np
import soundfile
import soxr

ULAW = {"samplerate": 8000, "format": "RAW", "subtype": "ULAW"}
QUIET = b"\xff" * 160


async def ask(
    question: bytes, url: str = os.environ.get("ANTIPHON_URL", "http://127.0.0.1:8080"), silence_s: float = 5
) -> bytes:
    """What the caller hears who says `question`; both are μ-law at 8 kHz."""
    heard, waiting = b"", bytearray()
    media_format = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
    token = {"token": os.environ["ANTIPHON_KEY"]} if "ANTIPHON_KEY" in os.environ else {}
    start = {"streamSid": "MZ1", "mediaFormat": media_format, "customParameters": token}

    async def listen() -> None:
        async for message in socket:
            told = message.json()
            if told["event"] == "media":
                waiting.extend(base64.b64decode(told["media"]["payload"]))
            elif told["event"] == "mark":  # A carrier waits until the sound before it was played.
                await socket.send_json(told)
            elif told["event"] == "clear":
                waiting.clear()

    async with aiohttp.ClientSession() as http, http.ws_connect(f"{url}/v1/twilio") as socket:
        await socket.send_json({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        await socket.send_json({"event": "start", "streamSid": "MZ1", "start": start})
        ears, piece, quiet = asyncio.create_task(listen()), 0, 0
        now = asyncio.get_running_loop().time
        began = now()
        while not socket.closed and (not heard.strip(b"\xff") or quiet < 50 * silence_s):
            sound = question[piece * 160 : piece * 160 + 160].ljust(160, b"\xff")
            piece += 1
            payload = base64.b64encode(sound).decode()
            media = {"chunk": str(piece), "timestamp": str(20 * piece), "payload": payload}
            await socket.send_json({"event": "media", "streamSid": "MZ1", "media": media})
            await asyncio.sleep(max(0.0, began + 0.02 * piece - now()))
            played = bytes(waiting[:160])
            del waiting[:160]
            quiet = 0 if played or piece * 160 < len(question) else quiet + 1
            heard += played.ljust(160, b"\xff")
        ears.cancel()
    return heard.strip(b"\xff")


def main(question: str, answer: str, seconds: str = "5") -> None:
    """From one file to another."""
    sound, rate = soundfile.read(question, dtype="float32", always_2d=True)
    coded = io.BytesIO()
    soundfile.write(coded, soxr.resample(sound[:, 0], rate, 8000), **ULAW)
    heard = asyncio.run(ask(coded.getvalue(), silence_s=float(seconds)))
    samples, _ = soundfile.read(io.BytesIO(heard), dtype="float32", channels=1, **ULAW)
    soundfile.write(answer, np.asarray(samples), 8000)


if __name__ == "__main__":
    main(*sys.argv[1:])
