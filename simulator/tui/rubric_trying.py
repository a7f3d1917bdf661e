"""``fineline rubrics try``: conversations graded with a rubric file, anew at every save."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.domain.errors import AuthoringError, UsageError
from simulator.tui.screens.rubric_trying import RubricTryScreen
from simulator.tui.trying import TryApp, show, there_is
from simulator.tui.watching import WatchedFile

if TYPE_CHECKING:
    from simulator.analysis.trainees import Style
    from simulator.authoring.library import Library
    from simulator.domain.persona import Persona
    from simulator.domain.transcript import Transcript
    from simulator.language.detector import Detector

MOST = 50
"""Conversations of the user's own that are taken."""


def rubric_screen(
    path: Path, library: Library, detector: Detector, *, persona: str | None = None, transcripts: Sequence[Transcript] = ()
) -> RubricTryScreen:
    """Return the screen for a rubric file, with these conversations, or with those of scripted trainees and a persona.

    Raises :class:`UsageError` where there is no such file or nobody to meet, :class:`AuthoringError` for a broken one.
    """
    from simulator.authoring import reading
    from simulator.grading.judges.builtin import BuiltinJudge

    there_is(path, "rubrics")
    file = WatchedFile(path, "rubric", library.behaviour_ids)
    rubric = file.look().value
    if rubric is None:
        raise AuthoringError(reading.read(path, library.behaviour_ids, kind="rubric").problems)
    met = library.persona(persona) if persona is not None else None
    if not transcripts and met is None:
        # The gentlest who trains the skill.
        everybody = library.summaries()
        chosen = next((each for each in everybody if rubric.id in each.trains), everybody[0] if everybody else None)
        met = library.persona(chosen.id) if chosen is not None else None
        if met is None:
            raise UsageError("There is nobody to meet.", hint="Name conversations of your own with --transcripts FILE.")

    async def conversations() -> AsyncIterator[tuple[str, Transcript]]:
        for each in islice(transcripts, MOST):
            yield each.id, each
        if met is not None:
            from simulator.analysis.trainees import styles

            for style in styles().styles:
                yield style.id, await asyncio.to_thread(_held, met, style, detector)

    return RubricTryScreen(rubric, file, BuiltinJudge(detector, library.catalogue), conversations)


def _held(persona: Persona, style: Style, detector: Detector) -> Transcript:
    """Hold a conversation between a persona and a scripted trainee, in its first scenario."""
    from simulator.analysis.trainees import styles
    from simulator.conversation.session import Session
    from simulator.conversation.simulate import run
    from simulator.conversation.voices.builtin import BuiltinVoice

    voice = BuiltinVoice(detector.encoder)
    session = Session(persona, persona.scenarios[0], persona.identities[0], seed=0, voice=voice, detector=detector)
    return asyncio.run(run(session, style.speak(session.transcript, styles().farewells)))


def run_rubric(path: Path, library: Library, *, persona: str | None = None, transcripts: Sequence[Transcript] = ()) -> int:
    """Open the app on a rubric file; return the exit code as :func:`simulator.tui.app.run`."""
    from simulator.language.detector import Detector

    screen = rubric_screen(path, library, Detector.load(library.catalogue), persona=persona, transcripts=transcripts)
    return show(TryApp(screen), "A rubric is tried in a terminal.", "Without one: 'fineline rubrics audit', or 'fineline grade'.")
