"""How often a model slips out of role, before and after the guard, at any OpenAI-compatible endpoint.

    python tests/benchmarks/guard_slips.py --base-url http://127.0.0.1:8091/v1 --model local --turns 100 --out turns.jsonl
    python tests/benchmarks/guard_slips.py --read turns.jsonl --labels labels.json

The first form holds conversations with the shipped personas (the trainee's lines come from the personas' own questions and good
replies) and writes, for each customer turn, what the model said under a plain prompt (``plain``), its first attempt under
Fineline's prompt (``raw``) and what the trainee saw (``shown``), then counts what the guard held back. The guard does not
judge itself: the second form prints the turns to be read, and, with ``labels`` (``{"plain": [numbers], "raw": [numbers],
"shown": [numbers]}``, the turns a reader found out of role), the rates.

Measured on 22 November 2026, 104 turns each, read by one person: a 1.5-billion-parameter coding model (4 bits) was out of role
in 13 % of its first attempts under Fineline's prompt and in 4 % of the turns shown; a 135-million-parameter model, which hardly
forms sentences, in 44 % and 8 %. Cues that the reading showed to be missing were added to the guard afterwards.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import time
from collections import Counter
from contextlib import aclosing
from pathlib import Path

from simulator.authoring.library import Library, shipped_folders
from simulator.conversation.scene import Scene
from simulator.conversation.session import Session, Spoken
from simulator.conversation.voices.builtin import BuiltinVoice
from simulator.conversation.voices.model import ModelVoice
from simulator.domain.persona import Persona, Scenario
from simulator.domain.transcript import Turn
from simulator.language.detector import Detector
from simulator.models.chat import ChatModel, Reply
from simulator.models.endpoint import Endpoint

GENERAL = (
    "Hi there, how can I help?", "Right, let me have a look at that for you.", "Sorry about the wait.",
    "Oh no, that sounds like a pain.",
    "Bear with me one second.", "Is there anything else I can help you with today?", "OK.", "That's no problem at all.",
    "Busy day today, isn't it?",
    "I could check with my manager, if you like.", "Would you like me to put it through for you?", "Ha, you and me both!",
    "What would you like me to do?",
)  # fmt: skip


class Recording:
    """A model that keeps what was read of each reply: up to the sentence that the guard stopped at, or to the end."""

    def __init__(self, inner: ChatModel) -> None:
        self.inner = inner
        self.name = inner.name
        self.replies: list[str] = []

    def stream(self, messages, *, max_tokens, temperature=0.8, stop=(), seed=None):  # type: ignore[no-untyped-def]
        async def pieces(reply: Reply):  # type: ignore[no-untyped-def]
            whole = self.inner.stream(messages, max_tokens=max_tokens, temperature=temperature, stop=stop, seed=seed)
            self.replies.append("")
            async with aclosing(whole):
                async for piece in whole:
                    self.replies[-1] += piece
                    yield piece
            reply.finish_reason = whole.finish_reason

        return Reply(pieces)


async def plain_reply(model: ChatModel, scene: Scene) -> str:
    """Ask as most would: a system prompt that says who to be, the trainee as the user."""
    identity, persona, scenario = scene.identity, scene.persona, scene.scenario
    system = (
        f"You are {identity.name}, {identity.age}, a {persona.role} at {identity.fill(scenario.place)}. You came "
        f"{identity.fill(scenario.wants)}. "
        f"{identity.fill(persona.about)} Your manner: {persona.voice.manner}. Stay in character. Reply in at most "
        f"{persona.voice.at_most} sentences."
    )
    messages = [{"role": "system", "content": system}]
    for turn in scene.turns:
        messages.append({"role": "assistant" if turn.role == "customer" else "user", "content": turn.text})
    whole = model.stream(messages, max_tokens=90, seed=random.Random(scene.seed).getrandbits(31))
    try:
        return " ".join("".join([piece async for piece in whole]).split())
    except Exception as error:  # the rate counts what was said; a failed reply is shown as such
        return f"({error})"


def script(persona: Persona, scenario: Scenario, rng: random.Random, length: int) -> list[str]:
    """Draw a trainee's lines: the persona's own questions and good replies, and what any trainee says."""
    own = [question for fact in persona.known(scenario) for question in fact.asked_by] + [
        reply for move in persona.moves for reply in move.good_replies
    ]
    return [rng.choice(own) if own and rng.random() < 0.65 else rng.choice(GENERAL) for _ in range(length)]


async def hold(args: argparse.Namespace) -> None:
    library = Library(shipped_folders(), None)
    detector = Detector.load(library.catalogue)
    builtin = BuiltinVoice(detector.encoder)
    model = ChatModel(
        Endpoint(base_url=args.base_url, model=args.model, key=None, label="benchmark", timeout_s=900, first_token_s=600)
    )
    out = Path(args.out)
    out.write_text("", encoding="utf-8")  # noqa: ASYNC240
    personas = [entry.value for entry in library.personas.values() if not args.persona or entry.value.id in args.persona]
    kept = seed = 0
    while kept < args.turns:
        persona = personas[seed % len(personas)]
        recording = Recording(model)
        session = Session.begin(persona, None, None, seed, voice=ModelVoice(recording, builtin), detector=detector)  # type: ignore[arg-type]
        rows, scenes = [], []
        await spoken(session)
        for line in script(persona, session.scenario, random.Random(seed), 12):
            await session.hear(line)
            number = len(session.transcript.turns) + 1
            scenes.append(session._scene(session._director.decide(session.transcript.turns, session._mind), number))
            recording.replies.clear()
            began = time.perf_counter()
            turn = await spoken(session)
            rows.append({
                "persona": persona.id, "identity": session.identity.name, "move": turn.move, "heard": line, "plain": "",
                "raw": recording.replies[0] if recording.replies else "", "again": recording.replies[1:], "shown": turn.text,
                "voice": turn.voice, "slips": list(turn.slips), "seconds": round(time.perf_counter() - began, 1),
            })  # fmt: skip
            if session.ended or kept + len(rows) >= args.turns:
                break
        for row, scene in zip(rows, scenes, strict=True):
            row["plain"] = await plain_reply(model, scene) if args.plain else ""
        with out.open("a", encoding="utf-8") as file:  # noqa: ASYNC230
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        kept += len(rows)
        seed += 1
    await model.aclose()
    report(out, None)


async def spoken(session: Session) -> Turn:
    async with aclosing(session.reply()) as events:
        turns = [event.turn async for event in events if isinstance(event, Spoken)]
    return turns[0]


def report(path: Path, labels: Path | None) -> None:
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    held = [row for row in rows if row["slips"]]
    authored = [row for row in rows if row["voice"] == "built-in"]
    codes = Counter(code for row in rows for code in row["slips"])
    print(
        f"{len(rows)} turns: the guard held back {len(held)} first attempts, {len(authored)} turns fell back on an "
        f"authored line; {dict(codes)}"
    )
    if labels is not None:
        read = json.loads(labels.read_text("utf-8"))
        for what in ("plain", "raw", "shown"):
            if what in read:
                print(
                    f"{what:>6}: out of role in {len(read[what])} of {len(rows)} turns by reading ("
                    f"{len(read[what]) / len(rows):.0%})"
                )
        missed = sorted(set(read.get("shown", ())))
        print(
            f"let through by the guard: {missed}; held back for other reasons than the role: "
            f"{[n for n, row in enumerate(rows) if row['slips'] and n not in read['raw']]}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base-url")
    parser.add_argument("--model", default="local")
    parser.add_argument("--turns", type=int, default=100)
    parser.add_argument("--persona", action="append")
    parser.add_argument("--plain", action="store_true", help="also ask under a plain prompt")
    parser.add_argument("--out", default="turns.jsonl")
    parser.add_argument("--read")
    parser.add_argument("--labels")
    args = parser.parse_args()
    if args.read:
        for number, row in enumerate(map(json.loads, Path(args.read).read_text("utf-8").splitlines())):
            print(
                f"{number:3} {row['heard']}\n    plain {row['plain']!r}\n    raw   {row['raw']!r}\n    shown "
                f"{row['shown']!r} {row['voice']} {row['slips']}"
            )
        report(Path(args.read), Path(args.labels) if args.labels else None)
        return
    if not args.base_url:
        parser.error("--base-url is needed (or --read)")
    asyncio.run(hold(args))


if __name__ == "__main__":
    main()
