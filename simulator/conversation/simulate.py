"""A conversation without a screen: the trainee's lines come from a script."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import aclosing

from simulator.conversation.session import Session, Spoken
from simulator.domain.transcript import Transcript, Turn
from simulator.models.errors import ModelError


async def run(session: Session, lines: Iterable[str], *, show: Callable[[Turn], None] | None = None) -> Transcript:
    """Hold the conversation until the customer or the lines end it; return its transcript.

    A script that runs out ends it as ``"out_of_lines"``; lines are drawn one by one, so that a generator may look at
    ``session.transcript`` before it answers. ``show`` is called with each turn as it is complete. A reply that
    fails is asked for once more; then the :class:`ModelError` is raised, and ``session.transcript`` holds what was said so far.
    """
    await _answer(session, show)
    for line in lines:
        if session.ended:
            break
        turn = await session.hear(line)
        if show is not None:
            show(turn)
        await _answer(session, show)
    if not session.ended:
        await session.stop("out_of_lines")
    return session.transcript


async def _answer(session: Session, show: Callable[[Turn], None] | None) -> None:
    try:
        turn = await _reply(session)
    except ModelError:
        turn = await _reply(session)
    await session.settle()
    if show is not None and turn is not None:
        show(turn)


async def _reply(session: Session) -> Turn | None:
    spoken: Turn | None = None
    async with aclosing(session.reply()) as events:
        async for event in events:
            if isinstance(event, Spoken):
                spoken = event.turn
    return spoken
