"""What a run does with each transcript."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from simulator.batch.cache import Cache
from simulator.batch.cost import Purse
from simulator.batch.ledger import work_keys, work_part
from simulator.batch.outage import FIRST_WAITS_S, WAITS_S
from simulator.batch.readers import Rejected
from simulator.domain.rubric import Rubric
from simulator.domain.transcript import Transcript
from simulator.grading.judges.protocol import Judge

Record = Transcript | Rejected
# A rubric and the key of grading a transcript against it.
Wanted = tuple[Rubric, str]


@dataclass(frozen=True)
class Work:
    """What is to be done with each transcript.

    ``concurrency`` is how many judgements may be under way at once. ``together`` asks for all rubrics of a transcript in one
    call (the judge has ``judge_together``). ``suits`` says whether a transcript is graded against a rubric at all.
    """

    rubrics: Sequence[Rubric]
    judge: Judge
    prompt_version: str = ""
    concurrency: int = 1
    together: bool = False
    suits: Callable[[Transcript, Rubric], bool] | None = None
    cache: Cache | None = None
    purse: Purse | None = None
    waits_s: Sequence[float] = WAITS_S
    first_waits_s: Sequence[float] = FIRST_WAITS_S

    @property
    def usually(self) -> int:
        """Against how many rubrics a transcript without a persona is graded, as nearly all are of which many are read."""
        return sum(self.suits is None or self.suits(Transcript(id=""), rubric) for rubric in self.rubrics)

    def parts(self) -> list[bytes]:
        """Return the part of the keys of this work that is the same for all transcripts, one for each rubric."""
        return [work_part(rubric.digest, self.judge.name, self.prompt_version) for rubric in self.rubrics]

    def keyed(self, transcript: Transcript, parts: Sequence[bytes]) -> list[Wanted]:
        """Return the rubrics that suit a transcript, each with the key of grading it."""
        pairs = zip(self.rubrics, work_keys(transcript, parts), strict=True)
        return [(rubric, key) for rubric, key in pairs if self.suits is None or self.suits(transcript, rubric)]


@dataclass(frozen=True)
class Place:
    """Where a source has been read to: what stands for it (16 bytes), and lines and transcripts from its beginning."""

    source: bytes
    lines: int
    transcripts: int
