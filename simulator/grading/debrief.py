"""The debrief: what happened in a conversation, with the words it rests on, and what to try at which moment.

:func:`build` gathers it from the persona, the transcript, the grades and the self-rating; the screens and
:mod:`simulator.grading.markdown` only lay it out. Authored texts come with their slots filled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from simulator.domain.behaviour import Catalogue, Role
from simulator.domain.grade import Evidence, Finding, Grade, SelfRating, Status
from simulator.domain.persona import Identity, Persona, Scenario
from simulator.domain.rubric import Rubric
from simulator.domain.text import clean
from simulator.domain.transcript import SurveyAnswers, Transcript, Versions
from simulator.grading.score import explain
from simulator.grading.suggest import Suggestion, TextEncoder, suggest

Mark = Literal["✓", "✗", "–", "?"]

MARKS: Mapping[str, Mark] = {"met": "✓", "not_met": "✗", "not_applicable": "–", "not_judged": "?"}
MARK_WORDS: Mapping[Mark, str] = {"✓": "met", "✗": "not met", "–": "not applicable", "?": "not judged or not counted"}
MOMENTS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one rubric came out. ``level`` 1–5 and ``anchor`` (its text) only when scored; ``reason`` says why in every case.

    ``gap`` is the self-rating minus the level: above zero, the trainee thought better of it than the grade does.
    ``arithmetic`` is the sum, line by line.
    """

    rubric: str
    title: str
    status: Status
    level: int | None
    anchor: str
    reason: str
    self_level: int | None
    gap: int | None
    gap_words: str
    arithmetic: str
    grade: Grade


@dataclass(frozen=True, slots=True)
class FindingRow:
    """One criterion as the debrief lists it; ``turn`` and ``quote`` are its first evidence, ``evidence`` all of it."""

    rubric: str
    rubric_title: str
    criterion: str
    asks: str
    verdict: str
    mark: Mark
    turn: int | None
    quote: str
    evidence: tuple[Evidence, ...]
    reason: str
    counted: bool
    substantiated: bool | None
    advice: str
    weight: float
    cap: int | None


@dataclass(frozen=True, slots=True)
class Moment:
    """A turn that moved a feeling: by how much, to what (0–10), because of what, in whose words."""

    turn: int
    by: float
    to: float
    because: str
    because_words: str
    role: Role
    quote: str


@dataclass(frozen=True, slots=True)
class FeelingCurve:
    """One feeling over the conversation. ``points`` are (turn, value 0–10), the start being turn 0; ``good`` is the end to hope
    for; ``moments`` the turns that moved it most, in the order they came."""

    id: str
    means: str
    good: Literal["high", "low"]
    points: tuple[tuple[int, float], ...]
    moments: tuple[Moment, ...]


@dataclass(frozen=True, slots=True)
class EndingNote:
    """How it ended: the ending's id, what that means in words, and the outcome where the persona's author gave one."""

    id: str | None
    text: str
    outcome: Literal["good", "mixed", "bad"] | None


@dataclass(frozen=True, slots=True)
class Debrief:
    """Everything the trainee sees afterwards."""

    persona: str
    name: str
    summary: str
    difficulty: int
    place: str
    trainee: str
    outcomes: tuple[Outcome, ...]
    findings: tuple[FindingRow, ...]
    feelings: tuple[FeelingCurve, ...]
    survey: SurveyAnswers | None
    suggestions: tuple[Suggestion, ...]
    ending: EndingNote
    note: str
    advice: tuple[str, ...]
    transcript: Transcript
    versions: Versions

    def with_suggestions(self, suggestions: Sequence[Suggestion]) -> Debrief:
        """Return the same debrief with other suggestions (better worded ones, say)."""
        return replace(self, suggestions=tuple(suggestions))


def build(
    persona: Persona,
    scenario: Scenario,
    identity: Identity,
    transcript: Transcript,
    rubrics: Sequence[Rubric],
    grades: Sequence[Grade],
    self_rating: SelfRating | None,
    *,
    catalogue: Catalogue | None = None,
    encoder: TextEncoder | None = None,
) -> Debrief:
    """Gather the debrief of one conversation.

    Grades are matched to ``rubrics`` by id; a rubric without a grade is left out, and so is a grade without its rubric.
    ``catalogue`` lends titles to behaviours; ``encoder`` (``encode(texts) -> unit vectors``) helps to choose, among authored
    lines, the one that fits the moment best: word overlap decides without it.
    """
    by_rubric = {grade.rubric: grade for grade in grades}
    graded = [(rubric, by_rubric[rubric.id]) for rubric in rubrics if rubric.id in by_rubric]
    rating = self_rating or SelfRating()
    rows = tuple(
        row for rubric, grade in graded for row in (finding_row(rubric, finding) for finding in grade.findings) if row is not None
    )
    words = _Words(persona, identity, catalogue)
    return Debrief(
        persona=persona.id,
        name=identity.name,
        summary=identity.fill(persona.summary),
        difficulty=persona.difficulty,
        place=identity.fill(scenario.place),
        trainee=identity.fill(scenario.trainee),
        outcomes=tuple(_outcome(rubric, grade, rating.levels.get(rubric.id)) for rubric, grade in graded),
        findings=rows,
        feelings=_feelings(persona, identity, transcript, words),
        survey=transcript.survey,
        suggestions=suggest(persona, identity, transcript, graded, encoder=encoder),
        ending=_ending(persona, identity, transcript),
        note=clean(rating.note),
        advice=tuple(identity.fill(each) for each in persona.advice),
        transcript=transcript,
        versions=transcript.versions,
    )


def _outcome(rubric: Rubric, grade: Grade, self_level: int | None) -> Outcome:
    level = grade.level if grade.status == "scored" else None
    gap = self_level - level if self_level is not None and level is not None else None
    return Outcome(
        rubric=rubric.id,
        title=rubric.title,
        status=grade.status,
        level=level,
        anchor=rubric.levels[level] if level is not None else "",
        reason=clean(grade.reason),
        self_level=self_level,
        gap=gap,
        gap_words=gap_words(self_level, gap),
        arithmetic=explain(rubric, grade.findings) if grade.status != "failed" else f"= failed. {clean(grade.reason)}",
        grade=grade,
    )


def gap_words(self_level: int | None, gap: int | None) -> str:
    """Say how the self-rating compares, to the trainee; empty where there is nothing to compare."""
    if self_level is None:
        return ""
    if gap is None:
        return f"You gave yourself {self_level}; there is no grade to hold it against."
    if gap == 0:
        return f"You saw it the same way: {self_level}."
    size = {1: "a little", 2: "clearly"}.get(abs(gap), "far")
    if gap > 0:
        return f"You gave yourself {self_level}: {size} higher than the findings bear out."
    return f"You gave yourself {self_level}: {size} harder on yourself than the findings are."


def finding_row(rubric: Rubric, finding: Finding) -> FindingRow | None:
    """Return a finding as it is shown; ``None`` where the rubric has no such criterion."""
    criterion = rubric.criterion(finding.criterion)
    if criterion is None:
        return None
    evidence = tuple(Evidence(turn=each.turn, quote=clean(each.quote)) for each in finding.evidence)
    decided = finding.verdict in ("met", "not_met")
    return FindingRow(
        rubric=rubric.id,
        rubric_title=rubric.title,
        criterion=criterion.id,
        asks=criterion.asks,
        verdict=finding.verdict,
        mark="?" if decided and not finding.counted else MARKS[finding.verdict],
        # Words that are not there have no turn to go to.
        turn=evidence[0].turn if evidence and finding.substantiated is not False else None,
        quote=evidence[0].quote if evidence else "",
        evidence=evidence,
        reason=clean(finding.reason),
        counted=finding.counted,
        substantiated=finding.substantiated,
        advice=criterion.advice,
        weight=criterion.weight,
        cap=criterion.cap_when_not_met,
    )


class _Words:
    """Puts what moved a feeling into words: a behaviour's title, a move's intent, or time."""

    def __init__(self, persona: Persona, identity: Identity, catalogue: Catalogue | None) -> None:
        self._persona = persona
        self._identity = identity
        self._titles = {each.id: each.title for each in catalogue} if catalogue else {}

    def because(self, cause: str, role: Role) -> str:
        if cause == "time":
            return "time passing"
        if role == "customer" and (move := self._persona.by_move.get(cause)) is not None:
            return f"{self._identity.name} {self._identity.fill(move.intent)}"
        return self._titles.get(cause) or cause.replace("_", " ").replace("-", " ").capitalize()


def _feelings(persona: Persona, identity: Identity, transcript: Transcript, words: _Words) -> tuple[FeelingCurve, ...]:
    curves = []
    for feeling_id, feeling in persona.state.items():
        points = [(0, feeling.start)]
        moments = []
        for number, turn in enumerate(transcript.turns, 1):
            if turn.state is not None and feeling_id in turn.state:
                points.append((number, turn.state[feeling_id]))
            for moved in turn.moved:
                if moved.feeling != feeling_id or moved.because == "time" or moved.by == 0:
                    continue
                heard = next((each.quote for each in turn.behaviours if each.id == moved.because and each.quote), "")
                moments.append(
                    Moment(
                        turn=number,
                        by=moved.by,
                        to=moved.to,
                        because=moved.because,
                        because_words=words.because(moved.because, turn.role),
                        role=turn.role,
                        quote=clean(heard or turn.text),
                    )
                )
        if len(points) == 1:
            continue
        top = sorted(moments, key=lambda each: (-abs(each.by), each.turn))[:MOMENTS_SHOWN]
        curves.append(
            FeelingCurve(
                id=feeling_id,
                means=identity.fill(feeling.means),
                good=feeling.good,
                points=tuple(points),
                moments=tuple(sorted(top, key=lambda each: each.turn)),
            )
        )
    return tuple(curves)


_CLOSED: Mapping[str, str] = {
    "trainee_ended": "You ended the conversation.",
    "stopped": "You stopped the conversation.",
    "out_of_lines": "The script ran out of lines.",
}


def _ending(persona: Persona, identity: Identity, transcript: Transcript) -> EndingNote:
    if transcript.ending is None:
        return EndingNote(None, "The conversation was not brought to an end.", None)
    ending = persona.by_ending.get(transcript.ending)
    if ending is None:
        words = _CLOSED.get(transcript.ending, transcript.ending.replace("_", " ").capitalize() + ".")
        return EndingNote(transcript.ending, words, None)
    text = identity.fill(ending.means) or ending.id.replace("_", " ").capitalize() + "."
    return EndingNote(ending.id, text, ending.outcome)
