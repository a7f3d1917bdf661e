"""What a run with a model costs beside the model: python tests/benchmarks/judge_throughput.py [--calls 5000]

- CPU-seconds of ours for 1,000 calls, end to end (reading a transcript, making it blind, the prompt, HTTP, JSON, evidence, the sum,
  the results file), beside a bare loop over the openai client in the same run: at most 1.0, and below the loop
- the rate, as a share of what an endpoint of --latency-ms and --concurrency calls at once could give: at least 97%

Without --base-url a small server of its own answers, in another process: each question with words copied from the transcript.
Another OpenAI-compatible test server can be named instead; its latency must be what --latency-ms says.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

WORDS = (
    "I am sorry about the kettle and I will send you a new one today because that should not have happened to anybody who "
    "waited so long for an answer from us please tell me your order number and I look at it with you right now"
).split()
LIMIT_CPU_S, LIMIT_RATE = 1.0, 0.97


# A server that answers with words of the transcript


class Answering(asyncio.Protocol):
    """One connection of an endless supply of valid answers."""

    latency_s = 0.0
    _LINE = re.compile(r"^\[(\d+)\] TRAINEE: (.+)$", re.MULTILINE)
    _IDS = re.compile(r"question ids: ([^\n]+)\.")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._buffer = transport, b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
        if len(rest) < (size := int(length[1]) if length else 0):
            return
        self._buffer = rest[size:]
        listing = head.startswith(b"GET")
        body = {"object": "list", "data": [{"id": "bench"}]} if listing else self._answer(json.loads(rest[:size]))
        text = json.dumps(body).encode()
        reply = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(text) + text
        asyncio.get_running_loop().call_later(0 if listing else self.latency_s, self._transport.write, reply)

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        recording = request["messages"][1]["content"]
        said = self._LINE.findall(recording)
        ids = self._IDS.findall(request["messages"][-1]["content"])
        findings = []
        for place, question in enumerate(ids[-1].split(", ") if ids else []):
            number, words = said[place % len(said)]
            quote = " ".join(words.split()[1:9])
            evidence = [{"turn": int(number), "quote": quote}]
            findings.append({"criterion": question, "reason": "The words say so.", "evidence": evidence, "verdict": "met"})
        message = {"role": "assistant", "content": json.dumps({"findings": findings})}
        usage = {"prompt_tokens": sum(len(each["content"]) for each in request["messages"]) // 4, "completion_tokens": 300}
        return {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage}


async def serve(latency_s: float) -> None:
    Answering.latency_s = latency_s
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def server(base_url: str | None, latency_ms: float) -> Iterator[str]:
    if base_url:
        yield base_url
        return
    command = [sys.executable, __file__, "--serve", "--latency-ms", str(latency_ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}/v1"
        finally:
            process.terminate()


# What is measured


def write_transcripts(path: Path, count: int) -> None:
    """Write transcripts of 12 to 20 turns and about 400 words."""
    draw = random.Random(1)
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            turns = draw.randint(12, 20)
            spoken = [" ".join(draw.choices(WORDS, k=400 // turns)) + f" {number}." for _ in range(turns)]
            said = [{"role": ("customer", "trainee")[place % 2], "text": text} for place, text in enumerate(spoken)]
            file.write(json.dumps({"id": f"t{number}", "turns": said}) + "\n")


class Nobody:
    """Watches a run without a word."""

    def rejected(self, record: object) -> None: ...
    def progressed(self, tally: object) -> None: ...
    def waiting(self, reason: str, seconds: float) -> None: ...
    def saved(self, tally: object) -> None: ...


async def ours(
    url: str, model: str, transcripts: Path, rubrics: list[str], concurrency: int, *, together: bool
) -> tuple[Any, float, float]:
    """Return what was done, CPU-seconds and seconds."""
    from simulator.authoring.library import Library, shipped_folders
    from simulator.batch.ledger import Ledger
    from simulator.batch.memory import seldom_looked_through
    from simulator.batch.readers import Reading, read
    from simulator.batch.runner import Work, run
    from simulator.batch.speakers import Sides
    from simulator.grading.judges.model import ModelJudge
    from simulator.models.bulk import BulkModel
    from simulator.models.endpoint import Endpoint
    from simulator.models.limit import AdaptiveLimit

    library = Library(shipped_folders(), None)
    talker = BulkModel(Endpoint(url, model), AdaptiveLimit(concurrency))
    judge = ModelJudge(talker, catalogue=library.catalogue)
    wanted = [library.rubric(each) for each in rubrics]
    await talker.settle_on_model()
    work = Work(wanted, judge, judge.prompt_version, concurrency + concurrency // 8, together=together)
    with Ledger(transcripts.with_name(f"results-{together}.jsonl"), again=True) as ledger:
        cpu, since = time.process_time(), time.perf_counter()
        with seldom_looked_through():
            outcome = await run(read([str(transcripts)], Reading(Sides("trainee"))), work, ledger, Nobody())
        took = time.process_time() - cpu, time.perf_counter() - since
    await talker.aclose()
    return outcome.tally, *took


async def bare(url: str, model: str, messages: list[dict[str, str]], calls: int, concurrency: int) -> float:
    """Return the CPU-seconds of a loop over the openai client that does nothing with the answers."""
    from openai import AsyncOpenAI

    left = iter(range(calls))
    async with AsyncOpenAI(base_url=url, api_key="none") as made:
        client: Any = made

        async def worker() -> None:
            for _ in left:
                await client.chat.completions.create(model=model, messages=messages)

        await client.chat.completions.create(model=model, messages=messages)  # what is done once is not counted
        cpu = time.process_time()
        await asyncio.gather(*(worker() for _ in range(concurrency)))
        return time.process_time() - cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base-url")
    parser.add_argument("--model", default="bench")
    parser.add_argument("--calls", type=int, default=5000)
    parser.add_argument("--concurrency", type=int, default=100)
    parser.add_argument("--latency-ms", type=float, default=200)
    parser.add_argument("--rubric", action="append", help="May be given more than once; warmth where left out.")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        asyncio.run(serve(args.latency_ms / 1000))
        return
    rubrics = args.rubric or ["warmth"]
    with tempfile.TemporaryDirectory() as folder, server(args.base_url, args.latency_ms) as url:
        transcripts = Path(folder) / "transcripts.jsonl"
        write_transcripts(transcripts, max(1, args.calls // len(rubrics)))
        messages = [
            {"role": "system", "content": "s" * 7000},
            {"role": "user", "content": "[2] TRAINEE: Hello there, you.\n" * 80},
        ]
        loop_s = asyncio.run(bare(url, args.model, messages, args.calls // 4, args.concurrency)) * 1000 / (args.calls // 4)
        for together in (False, True) if len(rubrics) > 1 else (False,):
            done = asyncio.run(ours(url, args.model, transcripts, rubrics, args.concurrency, together=together))
            report(*done, loop_s, args, together=together)


def report(tally: Any, cpu_s: float, seconds: float, loop_s: float, args: argparse.Namespace, *, together: bool) -> None:
    calls = tally.usage.calls
    a_thousand = cpu_s * 1000 / calls
    ideal = calls / args.concurrency * args.latency_ms / 1000
    how = "all rubrics in one call" if together else "a call for each rubric"
    print(f"{how}: {tally.graded:,} grades ({tally.scored:,} scored, {tally.failed:,} failed) from {calls:,} calls")
    print(
        f"  CPU for 1,000 calls: {a_thousand:.2f} s, {a_thousand / loop_s:.2f} of a bare openai loop ({loop_s:.2f} s): "
        f"{'ok' if a_thousand <= LIMIT_CPU_S else f'over {LIMIT_CPU_S} s'}"
    )
    print(f"  CPU for 1,000 grades: {cpu_s * 1000 / tally.graded:.2f} s")
    if args.latency_ms:
        share = ideal / seconds
        print(
            f"  rate: {calls / seconds:,.0f} calls a second, {share:.1%} of {calls / ideal:,.0f}: "
            f"{'ok' if share >= LIMIT_RATE else f'below {LIMIT_RATE:.0%}'}"
        )


if __name__ == "__main__":
    main()
