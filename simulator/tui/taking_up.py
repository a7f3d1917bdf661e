"""Beginning a conversation, and taking one up again where it stopped."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

from simulator.domain.errors import FinelineError, UsageError
from simulator.tui.flow import Practice
from simulator.tui.recording import SafeRecorder

if TYPE_CHECKING:
    from simulator.conversation.session import Session
    from simulator.domain.persona import Identity, Persona, Scenario
    from simulator.tui.app import FinelineApp
    from simulator.tui.services import Services

LARGEST_DRAWN_SEED = 9999  # small enough to be read out to a colleague who wants to meet the same customer


async def begin(
    services: Services, persona: Persona, scenario: Scenario, identity: Identity, seed: int
) -> tuple[Session, SafeRecorder | None]:
    """Make the session and its recorder (``None`` where nothing can be kept)."""
    from simulator.conversation.session import Session

    library = await services.library()
    entry = library.personas.get(persona.id)
    store = await services.store()
    recorder = SafeRecorder() if store is not None else None
    session = Session.begin(
        persona,
        scenario.id,
        identity.name,
        seed,
        voice=await services.voice(),
        detector=await services.detector(),
        recorder=recorder,
        appraiser=await services.appraiser(),
        persona_digest=entry.digest if entry is not None else None,
        salt=uuid4().hex,  # the same seed may be met many times; each conversation is its own
    )
    if store is not None and recorder is not None:
        try:
            recorder.attach(await asyncio.to_thread(store.begin, session.transcript))
        except FinelineError as error:
            services.store_problem = str(error)
            session = Session.begin(
                persona, scenario.id, identity.name, seed, voice=session.voice, detector=await services.detector(),
                appraiser=await services.appraiser(), persona_digest=session.transcript.versions.persona, salt=uuid4().hex,
            )  # fmt: skip
            recorder = None
    return session, recorder


async def ask_which(app: FinelineApp) -> None:
    """Ask which unfinished session to go on with, the newest first, and take it up."""
    from simulator.tui.screens.dialogs import Choice, Choose

    store = await app.services.store()
    if store is None:
        raise FinelineError(app.services.store_problem)
    stages = {"conversation": "in the middle", "rating": "before you rated yourself", "debrief": "before the debrief"}
    choices = []
    for each in await asyncio.to_thread(store.unfinished):
        day = each.updated_at.astimezone()
        about = f"{day.day} {day:%b %H:%M} · {each.turns} turns · stopped {stages.get(each.phase, each.phase)}"
        choices.append(Choice(each.id, each.identity or each.persona or "a customer", about))
    app.push_screen(Choose("Go on with", choices), lambda chosen: app.resume(chosen) if chosen is not None else None)


async def take_up(app: FinelineApp, session_id: str) -> None:
    """Go on with a saved session: conversation, rating or debrief. Raises :class:`FinelineError` where that cannot be."""
    from simulator.conversation.session import Session

    services = app.services
    store = await services.store()
    if store is None:
        raise FinelineError(services.store_problem)
    recorder = SafeRecorder(await asyncio.to_thread(store.resume, session_id))
    summary = await asyncio.to_thread(store.summary, session_id)
    transcript = await asyncio.to_thread(store.transcript, session_id)
    library = await services.library()
    entry = library.personas.get(transcript.persona or "")
    if entry is None:
        recorder.release()
        raise UsageError(
            f"The customer of that conversation, {transcript.persona!r}, is not among the files any more.",
            hint="Bring the persona file back to go on; the history still has what was said.",
        )
    persona = entry.value
    scenario = persona.scenario(transcript.scenario or "") or persona.scenarios[0]
    identity = persona.identity(transcript.identity or "") or persona.identities[0]
    if summary.phase == "conversation":
        session = Session(
            persona,
            scenario,
            identity,
            seed=transcript.seed or 0,
            voice=await services.voice(),
            detector=await services.detector(),
            transcript=transcript,
            recorder=recorder,
            appraiser=await services.appraiser(),
            persona_digest=entry.digest,
        )
        app.open_conversation(session, recorder, draft=summary.draft)
        return
    rating = await asyncio.to_thread(store.self_rating, session_id)
    grades = await asyncio.to_thread(store.grades, session_id)
    practice = Practice(persona, scenario, identity, transcript, recorder, rating, grades or None)
    if summary.phase == "rating":
        app.open_rating(practice)
    else:
        app.open_debrief(practice)
