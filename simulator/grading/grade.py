"""A grade: the judge finds, the arithmetic scores, and everything needed to do it again is written down."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from simulator import __version__
from simulator.domain.grade import Grade, GradeVersions
from simulator.domain.rubric import Rubric
from simulator.domain.transcript import Transcript
from simulator.grading.judges.panel import undecided
from simulator.grading.judges.protocol import Judge, Judgement
from simulator.grading.score import score


async def grade(transcript: Transcript, rubric: Rubric, judge: Judge, *, rubric_digest: str | None = None) -> Grade:
    """Grade one transcript against one rubric.

    A judge that failed gives a grade with status ``failed``, its reason and no level.
    """
    return graded(transcript, rubric, judge.name, await judge.judge(transcript, rubric), rubric_digest=rubric_digest)


def graded(
    transcript: Transcript, rubric: Rubric, judge: str, judgement: Judgement, *, rubric_digest: str | None = None
) -> Grade:
    """Return the grade that a judgement by the judge of this name adds up to."""
    versions = _versions(rubric_digest or rubric.digest, judgement.prompt, judgement.detector)
    if judgement.failure:
        return Grade(
            transcript=transcript.id,
            rubric=rubric.id,
            judge=judge,
            status="failed",
            reason=judgement.failure,
            kind=judgement.kind,
            ratings=judgement.ratings,
            usage=judgement.usage,
            versions=versions,
        )
    result = score(rubric, judgement.findings)
    open_questions = undecided(judgement.findings, judgement.ratings)
    split = f" The judges were undecided on {', '.join(open_questions)}." if open_questions else ""
    return Grade(
        transcript=transcript.id,
        rubric=rubric.id,
        judge=judge,
        status=result.status,
        level=result.level,
        score=result.score,
        reason=f"{result.reason}{split}",
        findings=judgement.findings,
        ratings=judgement.ratings,
        usage=judgement.usage,
        versions=versions,
    )


@lru_cache(maxsize=256)
def _versions(rubric: str, prompt: str | None, detector: str | None) -> GradeVersions:
    return GradeVersions(fineline=__version__, rubric=rubric, prompt=prompt, detector=detector)


async def grade_all(transcript: Transcript, rubrics: Sequence[Rubric], judge: Judge) -> list[Grade]:
    """Grade one transcript against several rubrics, one after the other, in their order."""
    return [await grade(transcript, rubric, judge) for rubric in rubrics]
