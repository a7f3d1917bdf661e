"""A conversation as it goes: hear the trainee, answer as the customer, keep everything before it is shown."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

import simulator
from simulator.conversation import survey
from simulator.conversation.appraisal import Appraiser, Reading, Readings
from simulator.conversation.director import Director
from simulator.conversation.inner_state import OPENING, InnerState
from simulator.conversation.likeness import Encoder
from simulator.conversation.questions import questions
from simulator.conversation.scene import BUILTIN, Decision, Piece, Scene, Voice
from simulator.domain.behaviour import Heard, Role
from simulator.domain.errors import UsageError, unknown
from simulator.domain.persona import Identity, Persona, Scenario
from simulator.domain.text import clean
from simulator.domain.transcript import Transcript, Turn, Versions

MOST_CHARACTERS = 4000
STOPS = ("trainee_ended", "stopped", "out_of_lines")


class Detector(Protocol):
    """The built-in reading of a turn (:class:`simulator.language.detector.Detector`)."""

    @property
    def version(self) -> str:
        """Changes whenever a reading may come out differently."""
        ...

    @property
    def encoder(self) -> Encoder:
        """Word vectors, shared with the voice and the director."""
        ...

    def hear(self, text: str, role: Role, before: Sequence[Turn] = ()) -> tuple[Heard, ...]:
        """Return the behaviours of a turn, strongest first."""
        ...


class Recorder(Protocol):
    """Keeps a conversation as it happens; called in a thread, before anything is shown."""

    def save_turn(self, number: int, turn: Turn) -> None:
        """Keep turn ``number`` (from 1), replacing what was kept of it."""
        ...

    def finish(self, transcript: Transcript) -> None:
        """Keep the ending and the survey."""
        ...


@dataclass(frozen=True, slots=True)
class Speaking:
    """One more sentence of the customer's turn, already kept and safe to show."""

    text: str


@dataclass(frozen=True, slots=True)
class Spoken:
    """The customer's turn is complete."""

    turn: Turn


class Session:
    """One conversation. State is a fold over ``transcript.turns``: a session made from any prefix goes on the same way.

    ``voice`` may be set at any time; it is used from the next reply on. So may ``appraiser``, which goes with it.
    """

    def __init__(
        self,
        persona: Persona,
        scenario: Scenario,
        identity: Identity,
        *,
        seed: int,
        voice: Voice,
        detector: Detector,
        transcript: Transcript | None = None,
        recorder: Recorder | None = None,
        appraiser: Appraiser | None = None,
        persona_digest: str | None = None,
    ) -> None:
        self.persona = persona
        self.scenario = scenario
        self.identity = identity
        self.seed = seed
        self.voice = voice
        self.transcript = transcript or Transcript(
            id=_identify(persona.id, scenario.id, identity.name, seed, ""),
            persona=persona.id,
            scenario=scenario.id,
            identity=identity.name,
            seed=seed,
            versions=Versions(fineline=simulator.__version__, persona=persona_digest, detector=detector.version),
        )
        self._detector = detector
        self._recorder = recorder
        self._readings = Readings(appraiser)
        self._director = Director(persona, scenario, identity, detector.encoder)
        # A turn that was cut off is taken in when it is closed.
        whole = self._turns[:-1] if self._turns and self._turns[-1].partial else self._turns
        self._mind = InnerState.of(persona, scenario, whole)

    @classmethod
    def begin(
        cls,
        persona: Persona,
        scenario_id: str | None,
        identity_name: str | None,
        seed: int,
        *,
        voice: Voice,
        detector: Detector,
        recorder: Recorder | None = None,
        appraiser: Appraiser | None = None,
        persona_digest: str | None = None,
        salt: str = "",
    ) -> Session:
        """Start a conversation, drawing from the seed what is not given.

        The transcript's id is a hash of persona, scenario, identity, seed and ``salt`` (for a script, its lines; for a live
        session something of its own, if the same seed may be played twice). Raises :class:`UsageError` for a scenario or
        identity the persona does not have, naming the nearest.
        """
        drawn_scenario, drawn_identity = draw(persona, seed)
        scenario = persona.scenario(scenario_id) if scenario_id else drawn_scenario
        if scenario is None:
            raise unknown("scenario", scenario_id or "", (each.id for each in persona.scenarios))
        identity = persona.identity(identity_name) if identity_name else drawn_identity
        if identity is None:
            raise unknown("identity", identity_name or "", (each.name for each in persona.identities))
        session = cls(
            persona, scenario, identity, seed=seed, voice=voice, detector=detector, recorder=recorder, appraiser=appraiser,
            persona_digest=persona_digest,
        )  # fmt: skip
        session.transcript.id = _identify(persona.id, scenario.id, identity.name, seed, salt)
        return session

    @property
    def appraiser(self) -> Appraiser | None:
        """What reads the trainee's turns a second time; setting another drops the readings that are under way."""
        return self._readings.appraiser

    @appraiser.setter
    def appraiser(self, appraiser: Appraiser | None) -> None:
        self._readings.change(appraiser)

    @property
    def detector(self) -> Detector:
        """What reads the trainee's turns first."""
        return self._detector

    @property
    def _turns(self) -> list[Turn]:
        return self.transcript.turns

    @property
    def state(self) -> dict[str, float]:
        """Every feeling, 0–10, as it is now."""
        return dict(self._mind.feelings)

    @property
    def task_done(self) -> bool:
        """Whether what the customer came for has been done."""
        return self._mind.task_done

    @property
    def ended(self) -> bool:
        """Whether the conversation is over, whoever ended it."""
        return self.transcript.ending is not None

    @property
    def owes_reply(self) -> bool:
        """Whether the customer speaks next: at the start, after the trainee, or cut off in the middle."""
        if self.ended:
            return False
        return not self._turns or self._turns[-1].role == "trainee" or self._turns[-1].partial

    # -- the trainee

    async def hear(self, text: str) -> Turn:
        """Take in what the trainee said: appraise, feel, keep; return the turn.

        Raises :class:`UsageError` when there is nothing in it, it is longer than 4,000 characters, or the conversation is over;
        and whatever the recorder raises, with nothing changed.
        """
        said = cleaned(text)
        if self.ended:
            raise UsageError("This conversation is over.", hint="Start another one to go on practising.")
        if self._turns and self._turns[-1].partial:
            await self._complete(self._turns[-1])
        await self._correct()
        heard = self._detector.hear(said, "trainee", tuple(self._turns))
        mind = self._mind.copy()
        moved = mind.hear(said, heard)
        turn = Turn(
            role="trainee", text=said, behaviours=heard, moved=moved, state=dict(mind.feelings), appraised_by=BUILTIN,
        )  # fmt: skip
        await self._keep(len(self._turns) + 1, turn)
        self._mind = mind
        return turn

    # -- the customer

    async def reply(self) -> AsyncGenerator[Speaking | Spoken, None]:
        """Say the customer's next turn: sentences as they are ready, then the whole turn.

        A :class:`simulator.models.errors.ModelError` leaves the session owing a reply: set another ``voice`` or not, and call
        again. Sentences that were already shown stand; the turn then ends with them. Nothing happens when none is owed.
        """
        if not self.owes_reply:
            return
        if self._turns and self._turns[-1].partial:
            yield Spoken(await self._complete(self._turns[-1]))
            return
        await self._correct()
        number = len(self._turns) + 1
        decision = self._director.decide(self._turns, self._mind)
        scene = self._scene(decision, number)
        turn: Turn | None = None
        slips: tuple[str, ...] = ()
        async with aclosing(self.voice.speak(scene)) as pieces:
            async for piece in pieces:
                slips += piece.slips
                if not piece.text:
                    continue
                turn = _extended(turn, piece, decision, slips, self._shows(piece.move or decision.move))
                await self._keep(number, turn)
                yield Speaking(piece.text)
                self._readings.start(self._turns[: number - 1])
        if turn is None:
            raise UsageError(f"The voice {self.voice.name!r} said nothing.")
        yield Spoken(await self._complete(turn.model_copy(update={"slips": slips})))
        self._readings.start(self._turns[: number - 1])

    def _shows(self, move: str) -> tuple[str, ...]:
        """Return what the customer shows by a move, whose words may have joined another's, or by how they begin."""
        if move == OPENING:
            return self.scenario.shows
        made = self.persona.by_move.get(move)
        return made.shows if made is not None else ()

    def _scene(self, decision: Decision, number: int) -> Scene:
        heard = self._turns[-1].text if self._turns and self._turns[-1].role == "trainee" else ""
        return Scene(
            persona=self.persona,
            scenario=self.scenario,
            identity=self.identity,
            turns=tuple(self._turns),
            state=self._mind,
            decision=decision,
            facts=self._director.tellable(questions(heard), self._mind),
            seed=f"{self.seed}:{number}",
        )

    async def _complete(self, turn: Turn) -> Turn:
        """Close the customer's turn as it stands: how it moved them, and the end, when it was the end."""
        before = self._turns[:-1] if self._turns and self._turns[-1].role == "customer" else self._turns
        mind = self._mind.copy()
        moved = mind.act(turn)
        # Heard now, while the trainee reads, and not when they have answered and are waiting.
        heard = self._detector.hear(turn.text, "customer", tuple(before))
        turn = turn.model_copy(update={"partial": False, "behaviours": heard, "moved": moved, "state": dict(mind.feelings)})
        await self._keep(len(before) + 1, turn)
        self._mind = mind
        if turn.move in self.persona.by_ending:
            await self._finish(turn.move)
        return turn

    # -- the end

    async def stop(self, ending: str) -> Transcript:
        """End from the trainee's side: ``"trainee_ended"``, ``"stopped"`` or (a script) ``"out_of_lines"``.

        The customer's survey is still answered. Stopping twice changes nothing.
        """
        if ending not in STOPS:
            raise unknown("way to stop", ending, STOPS)
        if not self.ended:
            await self._correct()
            await self._finish(ending)
        return self.transcript

    async def _finish(self, ending: str) -> None:
        self._readings.cancel()
        answers = survey.answer(self.persona, self.identity, self._mind)
        finished = self.transcript.model_copy(update={"ending": ending, "survey": answers})
        if self._recorder is not None:
            await asyncio.to_thread(self._recorder.finish, finished)
        self.transcript.ending, self.transcript.survey = ending, answers

    async def settle(self) -> None:
        """Wait for second readings that are under way and let them correct the state (a script has no pauses to do it in)."""
        await self._readings.wait()
        if not self.ended:
            await self._correct()

    # -- keeping and correcting

    async def _keep(self, number: int, turn: Turn) -> None:
        if self._recorder is not None:
            await asyncio.to_thread(self._recorder.save_turn, number, turn)
        self._turns[number - 1 :] = [turn]

    async def _correct(self) -> None:
        """Let second readings that have come in correct what was heard, and everything felt since."""
        readings = self._readings.take()
        if not readings:
            return
        corrected = list(self._turns)
        for number, reading in readings.items():
            corrected[number - 1] = _reread(corrected[number - 1], reading)
        first = min(readings)
        mind = InnerState.of(self.persona, self.scenario, corrected[: first - 1])
        for number in range(first, len(corrected) + 1):
            moved = mind.live(corrected[number - 1], trust_record=False)
            turn = corrected[number - 1].model_copy(update={"moved": moved, "state": dict(mind.feelings)})
            if turn != self._turns[number - 1]:
                if self._recorder is not None:
                    await asyncio.to_thread(self._recorder.save_turn, number, turn)
                self._turns[number - 1] = turn
        self._mind = mind


def draw(persona: Persona, seed: int) -> tuple[Scenario, Identity]:
    """Return the scenario and the identity that a seed draws, so that a briefing can tell them before anything begins."""
    rng = random.Random(f"{seed}:begin:{persona.id}")
    return rng.choice(persona.scenarios), rng.choice(persona.identities)


def cleaned(text: str) -> str:
    """Return a trainee's words as they are kept; raise :class:`UsageError` when there are none or too many."""
    said = clean(text).strip()
    if not said:
        raise UsageError("There is nothing in that to say.", hint="Type something, or … to stay silent.")
    if len(said) > MOST_CHARACTERS:
        raise UsageError(
            f"That is {len(said):,} characters long; a turn can be at most {MOST_CHARACTERS:,}.", hint="Say it in fewer words."
        )
    return said


def _extended(turn: Turn | None, piece: Piece, decision: Decision, slips: tuple[str, ...], shows: tuple[str, ...]) -> Turn:
    if turn is None:
        turn = Turn(role="customer", text="", move=decision.move, partial=True)
    facts = tuple(dict.fromkeys((*((turn.fact,) if turn.fact else ()), *turn.facts, *piece.facts)))
    return turn.model_copy(
        update={
            "text": f"{turn.text} {piece.text}".strip(),
            "move": piece.move or turn.move,
            "shows": tuple(dict.fromkeys((*turn.shows, *shows))),
            "line": turn.line or piece.line,
            "also": (*turn.also, *piece.also),
            "fact": facts[0] if facts else None,
            "facts": facts if len(facts) > 1 else (),
            "voice": piece.voice,
            "slips": slips,
        }
    )


def _reread(turn: Turn, reading: Reading) -> Turn:
    behaviours = turn.behaviours if reading.behaviours is None else reading.behaviours
    return turn.model_copy(update={"behaviours": behaviours, "appraised_by": reading.by})


def _identify(persona: str, scenario: str, identity: str, seed: int, salt: str) -> str:
    meaning = json.dumps([persona, scenario, identity, seed, salt], ensure_ascii=False)
    return f"{persona}-{hashlib.sha256(meaning.encode()).hexdigest()[:16]}"
