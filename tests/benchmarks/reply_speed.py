"""How long the customer thinks: python tests/benchmarks/reply_speed.py [--conversations 10]

- the built-in voice's answer, from the trainee's words to the whole reply kept (appraisal, feelings, decision, words): at most 50 ms
- with a model, our own work before it is asked: at most 50 ms

Both as milliseconds and as a ratio to encoding one sentence 1,000 times, which says how fast the machine is just now.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from contextlib import aclosing

from simulator.authoring.library import Library, shipped_folders
from simulator.conversation.session import Session
from simulator.conversation.voices.builtin import BuiltinVoice
from simulator.conversation.voices.model import ModelVoice
from simulator.language.detector import Detector
from simulator.models.scripted import ScriptedModel

LINES = (
    "Good morning, how can I help you today?", "Oh no, what happened?", "When did you buy it?", "Have you got the receipt with you?",
    "I'm sorry about that, it must be annoying.", "What's your name?", "Would you like me to swap it for you?", "Do you like jazz?",
    "Ha, you and me both!", "Bear with me a second.", "There we go, that's all done for you.", "Is there anything else?",
)  # fmt: skip
LIMIT_MS = 50


async def measure(conversations: int, model: bool) -> list[float]:
    library = Library(shipped_folders(), None)
    detector = Detector.load(library.catalogue)
    builtin = BuiltinVoice(detector.encoder)
    personas = [entry.value for entry in library.personas.values()]
    took: list[float] = []
    for seed in range(conversations):
        asked: list[float] = []

        def answer(_: object, asked: list[float] = asked) -> str:
            asked.append(time.perf_counter())
            return f"Well, that is answer number {len(asked)} of mine."

        voice = ModelVoice(ScriptedModel([answer], forever=True), builtin) if model else builtin
        session = Session.begin(personas[seed % len(personas)], None, None, seed, voice=voice, detector=detector)
        async with aclosing(session.reply()) as opening:
            async for _ in opening:
                pass
        for line in LINES:
            if session.ended:
                break
            began = time.perf_counter()
            await session.hear(line)
            asked.clear()
            async with aclosing(session.reply()) as events:
                async for _ in events:
                    pass
            took.append(((asked[0] if asked else time.perf_counter()) - began) * 1000)
    return took


def yardstick() -> float:
    detector = Detector.load(Library(shipped_folders(), None).catalogue)
    began = time.perf_counter()
    for _ in range(1000):
        detector.encoder.encode(["When did you buy it, and have you got the receipt?"])
    return (time.perf_counter() - began) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--conversations", type=int, default=10)
    args = parser.parse_args()
    unit = yardstick()
    for name, model in (("built-in answer", False), ("work before the model is asked", True)):
        took = sorted(asyncio.run(measure(args.conversations, model)))
        median, p95 = statistics.median(took), took[int(len(took) * 0.95)]
        verdict = "ok" if p95 <= LIMIT_MS else f"over {LIMIT_MS} ms"
        print(
            f"{name}: median {median:.1f} ms ({median / unit:.2f}), p95 {p95:.1f} ms ({p95 / unit:.2f}), longest {took[-1]:.1f} ms: {verdict}"
        )


if __name__ == "__main__":
    main()
