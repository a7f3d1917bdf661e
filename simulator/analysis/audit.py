"""Auditing a persona: scripted trainees meet it, and what came of it is held against what a customer must never do.

What is *wrong* (a :class:`Fault`) is wrong for any persona: out of role, the same words twice, an unfilled slot, a number nobody
wrote, leaving before anything has been said, goodbyes without end. What differs between styles is reported for the author to
judge: whether it should is what the persona is about.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
from itertools import combinations
from statistics import fmean
from typing import Any

from simulator.analysis.trainees import Style, styles
from simulator.conversation.guard import Guard, numbers
from simulator.conversation.role_talk import RoleTalk, says_goodbye
from simulator.conversation.scene import BUILTIN, Piece, Scene, Voice
from simulator.conversation.sentences import repeats, sentences, words
from simulator.conversation.session import Detector, Session
from simulator.conversation.simulate import run
from simulator.domain.persona import Identity, Persona, Scenario
from simulator.domain.rubric import Rubric
from simulator.domain.transcript import SurveyAnswers, Transcript, Turn
from simulator.grading.grade import grade
from simulator.grading.judges.protocol import Judge

LEAST_TURNS = 3
"""Trainee turns before which a customer has no business leaving, unless somebody was hostile or crossed a line."""
GOODBYES = 2
"""Goodbyes in a row after which a customer who is still there is going round in circles."""
ALIKE = 1.0
"""Two styles whose feelings end nearer than this, with the same ending, are met as if they were one."""
ROLE_SLIPS = frozenset({"staff", "assistant", "narration", "other_speaker", "language", "explicit", "markup"})
# What the guard suspects in a model's words an author may well mean: "they said so" is narration only where nobody wrote it.
_NOT_OF_AUTHORS = frozenset({"narration", "other_speaker", "language"})
_DRIVES_AWAY = frozenset({"hostile", "pressures_after_no", "makes_advance", "makes_innuendo", "shows_intimate_interest"})
_SLOT = re.compile(r"\{[^{}]*\}?|\}")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something plainly wrong: what ``kind`` of thing, where, and the words. ``turn`` counts from 1 over both speakers."""

    kind: str
    style: str
    scenario: str
    seed: int
    turn: int
    words: str
    detail: str = ""

    def __str__(self) -> str:
        where = f"{self.style} in {self.scenario}, seed {self.seed}, turn {self.turn}"
        return f"{self.kind}: {self.detail + ': ' if self.detail else ''}“{self.words}” ({where})"


@dataclass(frozen=True, slots=True)
class Play:
    """One conversation: how it went for the customer. ``feelings`` 0–10 as it ended; ``levels`` 1–5 by rubric, where scored."""

    style: str
    scenario: str
    identity: str
    seed: int
    ending: str
    outcome: str
    trainee_turns: int
    words_a_turn: tuple[int, ...]
    feelings: dict[str, float]
    survey: SurveyAnswers | None
    levels: dict[str, int]
    held_back: tuple[str, ...]
    transcript: Transcript


@dataclass(frozen=True, slots=True)
class Gap:
    """How far two styles are apart: the feeling that differs most, on average over the same situations and seeds."""

    one: str
    other: str
    feeling: str
    by: float
    same_endings: float

    @property
    def alike(self) -> bool:
        """Whether the customer hardly tells them apart."""
        return self.by < ALIKE and self.same_endings == 1.0


@dataclass(frozen=True, slots=True)
class Audit:
    """Everything found."""

    persona: str
    voice: str
    plays: tuple[Play, ...]
    faults: tuple[Fault, ...]
    gaps: tuple[Gap, ...]
    unreached: tuple[str, ...]

    @property
    def words_a_turn(self) -> tuple[float, int]:
        """The mean and the most words in a turn of the customer's."""
        counts = [count for play in self.plays for count in play.words_a_turn] or [0]
        return fmean(counts), max(counts)

    @property
    def endings(self) -> Counter[str]:
        """How often each ending was reached."""
        return Counter(play.ending for play in self.plays)

    @property
    def held_back(self) -> Counter[str]:
        """What the guard held back of a model, by reason."""
        return Counter(slip for play in self.plays for slip in play.held_back)

    def as_json(self) -> dict[str, Any]:
        """Return the audit as plain data."""
        mean, most = self.words_a_turn
        return {
            "persona": self.persona,
            "voice": self.voice,
            "conversations": len(self.plays),
            "ok": not self.faults,
            "faults": [asdict(each) for each in self.faults],
            "words_a_turn": {"mean": round(mean, 1), "most": most},
            "endings": dict(self.endings),
            "endings_not_reached": list(self.unreached),
            "held_back": dict(self.held_back),
            "plays": [_play_json(play) for play in self.plays],
            "differences": [asdict(gap) | {"alike": gap.alike} for gap in self.gaps],
        }


def _play_json(play: Play) -> dict[str, Any]:
    return {
        "style": play.style,
        "scenario": play.scenario,
        "identity": play.identity,
        "seed": play.seed,
        "ending": play.ending,
        "outcome": play.outcome,
        "trainee_turns": play.trainee_turns,
        "feelings": play.feelings,
        "survey": play.survey.model_dump() if play.survey is not None else None,
        "levels": play.levels,
    }


class _Overheard:
    """A voice, with the guard listening to every sentence of it, an authored one too."""

    def __init__(self, voice: Voice, talk: RoleTalk) -> None:
        self._voice = voice
        self._talk = talk
        self.slips: list[tuple[int, str, str]] = []

    @property
    def name(self) -> str:
        return self._voice.name

    async def speak(self, scene: Scene) -> AsyncGenerator[Piece, None]:
        guard = Guard(scene, self._talk)
        async with aclosing(self._voice.speak(scene)) as pieces:
            async for piece in pieces:
                for sentence in sentences(piece.text):
                    slip = guard.hear(sentence, []).slip
                    if slip in (ROLE_SLIPS - _NOT_OF_AUTHORS if piece.voice == BUILTIN else ROLE_SLIPS):
                        self.slips.append((len(scene.turns) + 1, slip, sentence))
                yield piece


async def audit(
    persona: Persona,
    *,
    voice: Voice,
    detector: Detector,
    judge: Judge,
    rubrics: Sequence[Rubric],
    plays: int = 1,
    seed: int = 0,
    chosen: Sequence[Style] | None = None,
    on_play: Callable[[int, int], None] | None = None,
) -> Audit:
    """Let every style meet the persona ``plays`` times in each scenario, with seeds from ``seed`` on and identities in turn.

    ``on_play`` is told how many conversations are done, of how many. Raises the
    :class:`~simulator.models.errors.ModelError` of a voice that fails twice in a row.
    """
    talk = RoleTalk(detector.encoder)
    met = list(chosen) if chosen is not None else list(styles().styles)
    cases = [(style, scenario, at) for style in met for scenario in persona.scenarios for at in range(plays)]
    done: list[Play] = []
    faults: list[Fault] = []
    for style, scenario, at in cases:
        identity = persona.identities[(seed + at) % len(persona.identities)]
        overheard = _Overheard(voice, talk)
        session = Session(persona, scenario, identity, seed=seed + at, voice=overheard, detector=detector)
        await run(session, style.speak(session.transcript, styles().farewells))
        levels = {}
        for rubric in rubrics:
            made = await grade(session.transcript, rubric, judge)
            if made.level is not None:
                levels[rubric.id] = made.level
        done.append(_play(session, style, levels))
        for kind, turn, said, detail in [*_wrong(session), *(("out of role", n, s, why) for n, why, s in overheard.slips)]:
            faults.append(Fault(kind, style.id, scenario.id, seed + at, turn, said, detail))
        if on_play is not None:
            on_play(len(done), len(cases))
    reached = {play.ending for play in done}
    unreached = tuple(each.id for each in persona.endings if each.id not in reached)
    return Audit(persona.id, voice.name, tuple(done), tuple(faults), tuple(_gaps(done, persona)), unreached)


def _play(session: Session, style: Style, levels: dict[str, int]) -> Play:
    transcript = session.transcript
    ending = transcript.ending or ""
    known = session.persona.by_ending.get(ending)
    customer = [turn for turn in transcript.turns if turn.role == "customer"]
    return Play(
        style=style.id,
        scenario=session.scenario.id,
        identity=session.identity.name,
        seed=session.seed,
        ending=ending,
        outcome=known.outcome if known is not None else "open",
        trainee_turns=len(transcript.turns) - len(customer),
        words_a_turn=tuple(len(words(turn.text)) for turn in customer),
        feelings=session.state,
        survey=transcript.survey,
        levels=levels,
        held_back=tuple(slip for turn in customer for slip in turn.slips),
        transcript=transcript,
    )


# What is wrong: kind, turn, words, detail.
Wrong = tuple[str, int, str, str]


def _wrong(session: Session) -> Iterator[Wrong]:
    transcript, persona = session.transcript, session.persona
    yield from said_twice(transcript)
    for number, turn in transcript.said_by("customer"):
        if match := _SLOT.search(turn.text):
            yield "unfilled slot", number, match[0], ""
        if not turn.text.strip():
            yield "silence", number, "", "the customer said nothing"
    yield from _inconsistent(transcript, persona, session.scenario, session.identity)
    yield from left_early(transcript, persona)
    yield from goodbye_loop(transcript, persona)


def said_twice(transcript: Transcript) -> Iterator[Wrong]:
    """Find authored lines, and longer sentences, that come a second time."""
    lines: set[str] = set()
    heard: list[str] = []
    for number, turn in transcript.said_by("customer"):
        for line in (turn.line, *turn.also):
            if line and line in lines:
                yield "repeat", number, line, ""
            elif line:
                lines.add(line)
        told = [each for each in sentences(turn.text) if len(words(each)) >= 5]
        for sentence in told:
            if repeats(sentence, heard) and sentence not in lines:
                yield "repeat", number, sentence, ""
        heard.extend(told)


def _inconsistent(transcript: Transcript, persona: Persona, scenario: Scenario, identity: Identity) -> Iterator[Wrong]:
    """Find numbers that nobody wrote, and names of somebody else who plays this persona.

    Only numbers of answers count: who just tells a story may say "a hundred times".
    """
    facts = {fact.id: fact for fact in persona.known(scenario)}
    others = {each.name for each in persona.identities} - {identity.name}
    written = numbers(identity.fill(persona.model_dump_json())) | numbers(identity.fill(scenario.model_dump_json()))
    given: frozenset[int] = frozenset()
    for number, turn in enumerate(transcript.turns, 1):
        if turn.role == "trainee":
            given |= numbers(turn.text)
            continue
        if (turn.fact in facts or turn.facts) and (invented := numbers(turn.text) - written - given):
            yield "inconsistent", number, turn.text, f"{', '.join(map(str, sorted(invented)))} is in no fact"
        for other in others:
            if re.search(rf"\b(?:I'm|I am|[Mm]y name is|[Ii]t's) {re.escape(other)}\b", turn.text):
                yield "inconsistent", number, turn.text, f"is {identity.name}, not {other}"


def left_early(transcript: Transcript, persona: Persona) -> Iterator[Wrong]:
    """Find a customer who left before the trainee had a chance, with nothing to drive them away."""
    ending = persona.by_ending.get(transcript.ending or "")
    trainee = [turn for turn in transcript.turns if turn.role == "trainee"]
    if ending is None or len(trainee) >= LEAST_TURNS:
        return
    if any(each.shown and each.id in _DRIVES_AWAY for turn in trainee for each in turn.behaviours):
        return
    count = f"{len(trainee)} thing{'' if len(trainee) == 1 else 's'}"
    yield "premature ending", len(transcript.turns), transcript.turns[-1].text, f"{ending.id} after {count} said"


def goodbye_loop(transcript: Transcript, persona: Persona) -> Iterator[Wrong]:
    """Find a customer who says goodbye again and again and does not go."""
    row = 0
    for number, turn in transcript.said_by("customer"):
        row = row + 1 if turn.move not in persona.by_ending and _takes_leave(turn) else 0
        if row > GOODBYES:
            yield "goodbye loop", number, turn.text, f"{row} goodbyes, and still here"
            return


def _takes_leave(turn: Turn) -> bool:
    return any(says_goodbye(sentence) for sentence in sentences(turn.text))


def _gaps(plays: Sequence[Play], persona: Persona) -> Iterator[Gap]:
    by_style: dict[str, dict[tuple[str, int], Play]] = {}
    for play in plays:
        by_style.setdefault(play.style, {})[play.scenario, play.seed] = play
    for one, other in combinations(by_style, 2):
        pairs = [(by_style[one][case], by_style[other][case]) for case in by_style[one]]
        apart = {name: fmean(abs(a.feelings[name] - b.feelings[name]) for a, b in pairs) for name in persona.state}
        most = max(apart, key=lambda name: apart[name])
        same = fmean(a.ending == b.ending for a, b in pairs)
        yield Gap(one, other, most, round(apart[most], 2), round(same, 2))
