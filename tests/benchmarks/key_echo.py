"""How long a key takes to show while a reply streams: python tests/benchmarks/key_echo.py [--turns 400] [--keys 60]

The app is opened in a terminal of its own, in a conversation of so many turns, while the customer's next reply streams in at
100 tokens a second (a voice without a model, so that the screen alone is measured). Each key is a letter that was never on
the screen before; the time runs from writing it to the terminal until it has been written back. At most 16 ms at the 95th
percentile. The same is measured for an empty conversation in which nobody speaks, for comparison.

``--app`` opens that app here, to be looked at or measured by other means.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import os
import pty
import select
import statistics
import struct
import sys
import tempfile
import termios
import time
from collections.abc import AsyncIterator
from pathlib import Path

TOKENS_A_SECOND = 100
TOKENS_A_SENTENCE = 12
LETTERS = "αβγδεζηθικλμνξοπρστυφχψωабвгдежзийклмнопрстуфхцчшщъыьэюя"


class StreamingVoice:
    """Says the same sentence for ever, as fast as a quick model; ``piece`` tokens at a time."""

    name = "streaming"

    def __init__(self, piece: int) -> None:
        self.piece = piece

    async def speak(self, scene: object) -> AsyncIterator[object]:
        """Yield pieces of ``piece`` tokens."""
        from simulator.conversation.scene import Piece

        del scene
        words = [*("well" for _ in range(self.piece - 1)), "yes."] if self.piece > 1 else ["well"]
        begun = time.perf_counter()
        said = 0
        while True:
            said += self.piece
            await asyncio.sleep(max(0.0, begun + said / TOKENS_A_SECOND - time.perf_counter()))
            yield Piece(" ".join(words), self.name)


def open_app(turns: int, piece: int) -> None:
    """Open the app in a conversation of ``turns`` turns in which the customer is speaking (``piece`` 0: nobody is)."""
    from simulator.conversation.session import Session
    from simulator.domain.transcript import Transcript, Turn
    from simulator.tui.app import FinelineApp
    from simulator.tui.recording import SafeRecorder

    class Busy(FinelineApp):
        def on_mount(self) -> None:
            super().on_mount()
            self.run_worker(self._begin())

        async def _begin(self) -> None:
            library = await self.services.library()
            persona = next(iter(library.personas.values())).value
            recorder = SafeRecorder()
            voice = StreamingVoice(max(1, piece))
            count = turns | 1 if piece else 1
            text = "It is a quiet Saturday, and the hose has been leaking since the spring."
            roles = ("trainee", "customer") if piece else ("customer", "trainee")
            held = [Turn(role=roles[n % 2], text=f"{n + 1}. {text}") for n in range(count)]
            session = Session(
                persona,
                persona.scenarios[0],
                persona.identities[0],
                seed=1,
                voice=voice,
                detector=await self.services.detector(),
                transcript=Transcript(id="benchmark", persona=persona.id, seed=1, turns=held),
                recorder=recorder,
            )
            store = await self.services.store()
            assert store is not None
            recorder.attach(store.begin(session.transcript))
            self.open_conversation(session, recorder)

    app = Busy()
    app.run()
    if app.fault is not None:
        raise getattr(app.fault, "error", app.fault)


def measure(turns: int, keys: int, piece: int) -> list[float]:
    """Return the milliseconds from each key to its echo."""
    command = [sys.executable, __file__, "--app", "--turns", str(turns), "--piece", str(piece)]
    with tempfile.TemporaryDirectory() as scratch:
        environment = {**os.environ, "TERM": "xterm-256color"}
        environment |= {f"FINELINE_{name}": str(Path(scratch) / name.lower()) for name in ("DATA", "CONFIG", "CACHE")}
        for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
            environment.pop(name, None)
        process, terminal = pty.fork()
        if process == 0:
            os.execvpe(command[0], command, environment)
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        try:
            _read_until(terminal, b"Say it", 30)
            _drain(terminal, 1.5)
            times = []
            for letter in LETTERS[:keys]:
                written = time.perf_counter()
                os.write(terminal, letter.encode())
                _read_until(terminal, letter.encode(), 5)
                times.append((time.perf_counter() - written) * 1000)
                _drain(terminal, 0.12)
            return times
        finally:
            os.kill(process, 9)
            os.waitpid(process, 0)
            os.close(terminal)


def _read_until(terminal: int, wanted: bytes, seconds: float) -> None:
    seen = b""
    until = time.perf_counter() + seconds
    while wanted not in seen:
        if time.perf_counter() > until:
            raise SystemExit(f"{wanted!r} was never shown")
        if select.select([terminal], [], [], 0.5)[0]:
            seen = seen[-64:] + os.read(terminal, 65536)


def _drain(terminal: int, seconds: float) -> None:
    until = time.perf_counter() + seconds
    while (left := until - time.perf_counter()) > 0:
        if select.select([terminal], [], [], left)[0]:
            os.read(terminal, 65536)


def main() -> None:
    """Measure, or open the app."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=400)
    parser.add_argument("--keys", type=int, default=50)
    parser.add_argument("--piece", type=int, default=TOKENS_A_SENTENCE, help="tokens shown at once; 0: nobody speaks")
    parser.add_argument("--app", action="store_true", help="open the app itself")
    arguments = parser.parse_args()
    if arguments.app:
        open_app(arguments.turns, arguments.piece)
        return
    cases = [("quiet, 1 turn", 1, 0), ("sentences", arguments.turns, TOKENS_A_SENTENCE), ("token by token", arguments.turns, 1)]
    for name, turns, piece in cases:
        times = sorted(measure(turns, arguments.keys, piece))
        p95 = times[min(len(times) - 1, int(len(times) * 0.95))]
        print(f"{name:15} {turns:4} turns  median {statistics.median(times):5.1f} ms  p95 {p95:5.1f} ms  max {times[-1]:5.1f} ms")


if __name__ == "__main__":
    main()
