"""Our own work before a model's first token: python tests/benchmarks/first_token.py [--turns 60]

A model that answers at once stands in for a real one, so that what is measured is all ours:

- from the trainee's enter to the request on the wire (appraise, feel, decide, prompt, client), at most 50 ms at the 95th
  percentile, over long conversations
- from the first bytes of the answer to the first piece of text
- the first request of all, with the client prepared beforehand (as the app does) and without, each in a fresh process

Nothing is written to disk here; the store's part is measured with the store.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import aclosing

LINES = (
    "Good morning, what can I do for you?",
    "Oh no, that must have been a nuisance. Let me look into that for you.",
    "Do you remember roughly when you bought it?",
    "Thanks for bearing with me, the system is slow today.",
    "I can put that through for you now, no trouble at all.",
    "Is there anything else you would like to know?",
)


def event(text: str, finish_reason: str | None = None) -> bytes:
    """Return one event of a streamed answer."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish_reason}
    return f"data: {json.dumps({'choices': [choice]})}\n\n".encode()


async def conversations(turns: int) -> tuple[list[float], list[float], int]:
    """Hold conversations against an instant model; return both waits in milliseconds, and the longest conversation in turns."""
    import httpx2

    from simulator.authoring.library import Library, shipped_folders
    from simulator.conversation.session import Session
    from simulator.conversation.voices.builtin import BuiltinVoice
    from simulator.conversation.voices.model import ModelVoice
    from simulator.language.detector import Detector
    from simulator.models.chat import ChatModel, Reply
    from simulator.models.endpoint import Endpoint

    sent = answered = 0.0

    class Body(httpx2.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            nonlocal answered
            answered = time.perf_counter()
            yield event(f"Well, I came for the thing we spoke of, number {answered:.3f}.")
            yield event("", "stop") + b"data: [DONE]\n\n"

        async def aclose(self) -> None:
            pass

    def answer(request: httpx2.Request) -> httpx2.Response:
        nonlocal sent
        sent = time.perf_counter()
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, stream=Body())

    first_piece: list[float] = []

    class Timed(ChatModel):
        def stream(self, *args, **options):  # type: ignore[no-untyped-def]
            inner = super().stream(*args, **options)

            async def pieces(reply: Reply):  # type: ignore[no-untyped-def]
                first = True
                async for piece in inner:
                    if first:
                        first_piece.append(1000 * (time.perf_counter() - answered))
                        first = False
                    yield piece
                reply.finish_reason = inner.finish_reason

            return Reply(pieces)

    library = Library(shipped_folders(), None)
    detector = Detector.load(library.catalogue)
    model = Timed(Endpoint("http://127.0.0.1:1/v1", "instant"), httpx2.AsyncClient(transport=httpx2.MockTransport(answer)))
    model.prepare()
    voice = ModelVoice(model, BuiltinVoice(detector.encoder))
    waits: list[float] = []
    longest = 0
    personas = [entry.value for entry in library.personas.values()]
    seed = 0
    while len(waits) < turns:
        session = Session.begin(personas[seed % len(personas)], None, None, seed, voice=voice, detector=detector)
        async with aclosing(session.reply()) as opening:
            async for _ in opening:
                pass
        while not session.ended and len(waits) < turns:
            began = time.perf_counter()
            await session.hear(LINES[len(waits) % len(LINES)])
            sent = 0.0
            async with aclosing(session.reply()) as reply:
                async for _ in reply:
                    if sent:
                        break
            if sent:
                waits.append(1000 * (sent - began))
            async with aclosing(session.reply()) as rest:
                async for _ in rest:
                    pass
            longest = max(longest, len(session.transcript.turns))
        seed += 1
    await model.aclose()
    return waits, first_piece, longest


FRESH = """
import asyncio, sys, time
import httpx2
from simulator.models.chat import ChatModel
from simulator.models.endpoint import Endpoint
async def main():
    sent = []
    def answer(request):
        sent.append(time.perf_counter())
        return httpx2.Response(500)
    client = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
    model = ChatModel(Endpoint("http://127.0.0.1:1/v1", "m"), client, retries=0)
    if sys.argv[1] == "prepared":
        await asyncio.to_thread(model.prepare)
    began = time.perf_counter()
    try:
        async for _ in model.stream([{"role": "user", "content": "Hello"}], max_tokens=9): pass
    except Exception: pass
    print(1000 * (sent[0] - began))
asyncio.run(main())
"""


def first_request_ms(how: str, runs: int = 3) -> float:
    """Return the median wait before the first request of a fresh process, in milliseconds."""
    command = [sys.executable, "-c", FRESH, how]
    outputs = [subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(runs)]
    return statistics.median(map(float, outputs))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=60)
    args = parser.parse_args()
    waits, pieces, longest = asyncio.run(conversations(args.turns))

    def p95(values: list[float]) -> float:
        return sorted(values)[int(0.95 * (len(values) - 1))]

    budget = 50
    print(
        f"enter to request on the wire: median {statistics.median(waits):.1f} ms, p95 {p95(waits):.1f} ms "
        f"= {p95(waits) / budget:.2f} of {budget} ms ({len(waits)} turns, conversations up to {longest} turns)"
    )
    print(f"first bytes to first piece:   median {statistics.median(pieces):.1f} ms, p95 {p95(pieces):.1f} ms")
    prepared, cold = first_request_ms("prepared"), first_request_ms("cold")
    print(f"very first request:           {prepared:.1f} ms prepared, {cold:.1f} ms if not = {prepared / cold:.2f}")


if __name__ == "__main__":
    main()
