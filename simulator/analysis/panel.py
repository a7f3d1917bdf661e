"""How far the members of a panel agree and what they disagree on, from a run's records: one after the other, in little memory."""

from __future__ import annotations

import csv
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal

from simulator.analysis.agreement import Patterns, alpha
from simulator.analysis.resampling import RESAMPLES, Figure
from simulator.batch.writers.csv import guarded
from simulator.domain.errors import FinelineError
from simulator.domain.rubric import Rubric
from simulator.domain.text import clean

LEVEL = "(level)"
COLUMNS = ("why", "transcript", "rubric", "question", "asks", "panel")
EVIDENCE_COLUMNS = ("turn", "quote", "decision")
# Why something is to be looked at, what needs it most first.
Why = Literal["undecided", "levels far apart", "outvoted"]
REASONS: tuple[Why, ...] = ("undecided", "levels far apart", "outvoted")
# From so many levels apart on, two members saw different conversations.
FAR = 2


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One question, or the level (``question`` is then :data:`LEVEL`), that members answered differently.

    ``why``: the panel had no majority, levels were :data:`FAR` apart or further, or some were outvoted. ``answers`` are by
    member, ``""`` for who has none; ``panel`` is what the panel made of it.
    """

    why: Why
    transcript: str
    rubric: str
    question: str
    asks: str
    panel: str
    answers: Mapping[str, str]
    evidence: Sequence[tuple[int, str]] = ()


@dataclass(frozen=True, slots=True)
class CriterionAgreement:
    """How far members agree on one question: Krippendorff's α (nominal), and in how many transcripts they do not."""

    criterion: str
    alpha: Figure
    disagreements: int


@dataclass(frozen=True, slots=True)
class RubricAgreement:
    """How far members agree on a rubric: α of the levels (ordinal), and of each question.

    ``transcripts`` were rated, ``disagreements`` of them with different levels.
    """

    rubric: str
    transcripts: int
    level: Figure
    disagreements: int
    criteria: tuple[CriterionAgreement, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "rubric": self.rubric,
            "transcripts": self.transcripts,
            "level": {"alpha": self.level.as_json(), "disagreements": self.disagreements},
            "criteria": {
                each.criterion: {"alpha": each.alpha.as_json(), "disagreements": each.disagreements} for each in self.criteria
            },
        }


@dataclass(slots=True)
class _Counted:
    """What was seen of one rubric: as many entries as there are different patterns of answers."""

    rubric: Rubric
    transcripts: int = 0
    levels: Patterns = field(default_factory=Patterns)
    verdicts: dict[str, Patterns] = field(default_factory=dict)
    apart: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class MemberAnswers:
    """How many questions one member was asked, and how many it answered usably; a failed rating answers none."""

    asked: int = 0
    answered: int = 0


class PanelAgreement:
    """Counts the ratings of records as they come; memory does not grow with their number."""

    def __init__(self, rubrics: Sequence[Rubric], judge: str) -> None:
        """Count the records of ``judge`` against ``rubrics`` as they are now; others are passed by."""
        self._judge = judge
        self._rubrics = {each.id: _Counted(each) for each in rubrics}
        self.members: dict[str, MemberAnswers] = {}

    def add(self, record: Mapping[str, Any]) -> list[Disagreement]:
        """Count one results record; return what its members disagree on, the level first."""
        counted = self._rubrics.get(record.get("rubric", ""))
        ratings = record.get("ratings") or ()
        if counted is None or record.get("judge") != self._judge or record.get("status") == "failed" or len(ratings) < 2:
            return []
        if (record.get("versions") or {}).get("rubric") not in (None, counted.rubric.digest):
            return []
        counted.transcripts += 1
        raters = names(ratings)
        for name, each in zip(raters, ratings, strict=True):
            member = self.members.setdefault(name, MemberAnswers())
            member.asked += len(counted.rubric.criteria)
            member.answered += len(each.get("verdicts") or ())
        found = []
        levels = [each.get("level") for each in ratings]
        counted.levels.add(_bag(levels))
        if _differ(levels):
            panel = record.get("level")
            answers = {name: _level(each) for name, each in zip(raters, ratings, strict=True)}
            given = [each for each in levels if each is not None]
            why: Why = "levels far apart" if max(given) - min(given) >= FAR else "outvoted"
            said = _words(str(record["status"])) if panel is None else str(panel)
            found.append(_apart(counted, record, why, LEVEL, counted.rubric.title, said, answers))
        findings = {each["criterion"]: each for each in record.get("findings") or ()}
        for criterion in counted.rubric.criteria:
            verdicts = [(each.get("verdicts") or {}).get(criterion.id) for each in ratings]
            counted.verdicts.setdefault(criterion.id, Patterns()).add(_bag(verdicts))
            if _differ(verdicts):
                finding = findings.get(criterion.id, {})
                verdict = finding.get("verdict", "not_judged")
                why = "undecided" if verdict == "not_judged" else "outvoted"
                said = "undecided" if verdict == "not_judged" else _words(verdict)
                answers = {name: _words(each or "") for name, each in zip(raters, verdicts, strict=True)}
                quoted = [(each["turn"], each["quote"]) for each in finding.get("evidence") or ()]
                found.append(_apart(counted, record, why, criterion.id, criterion.asks, said, answers, quoted))
        return found

    @property
    def patterns(self) -> int:
        """How many different patterns of answers were seen, which is what the memory grows with."""
        return sum(
            len(each.counts) for counted in self._rubrics.values() for each in (counted.levels, *counted.verdicts.values())
        )

    def result(self, *, times: int = RESAMPLES) -> list[RubricAgreement]:
        """Return how far the members agree so far, rubrics and questions in their order; ``times`` resamples an interval."""
        return [
            RubricAgreement(
                rubric=rubric_id,
                transcripts=counted.transcripts,
                level=alpha(counted.levels, "ordinal", times=times),
                disagreements=counted.apart.get(LEVEL, 0),
                criteria=tuple(
                    CriterionAgreement(criterion, alpha(patterns, times=times), counted.apart.get(criterion, 0))
                    for criterion, patterns in counted.verdicts.items()
                ),
            )
            for rubric_id, counted in self._rubrics.items()
            if counted.transcripts
        ]


def names(ratings: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a name for each rating of a record: the member's, with the number of the repeat where it has several."""
    members = [str(each.get("judge", "")) for each in ratings]
    several = {each for each in members if members.count(each) > 1}
    return [f"{name} #{each.get('repeat', 1)}" if name in several else name for name, each in zip(members, ratings, strict=True)]


def _bag(row: Sequence[Any]) -> list[Any]:
    """Return a row's ratings in one order, since it does not matter who gave which: fewer patterns to keep."""
    return sorted((each for each in row if each is not None), key=str)


def _differ(row: Sequence[Any]) -> bool:
    return len({each for each in row if each is not None}) > 1


def _apart(
    counted: _Counted,
    record: Mapping[str, Any],
    why: Why,
    question: str,
    asks: str,
    panel: str,
    answers: Mapping[str, str],
    evidence: Sequence[tuple[int, str]] = (),
) -> Disagreement:
    counted.apart[question] = counted.apart.get(question, 0) + 1
    return Disagreement(why, str(record["transcript"]), counted.rubric.id, question, asks, panel, answers, evidence)


def _level(rating: Mapping[str, Any]) -> str:
    level = rating.get("level")
    return str(level) if level is not None else _words(str(rating.get("status", "")))


def _words(verdict: str) -> str:
    return verdict.replace("_", " ")


# The list for a person


def write_disagreements(path: Path, found: Iterable[Disagreement]) -> Counter[Why]:
    """Write a CSV of disagreements: a row a question, with each member's answer and room for a decision. Return how many there
    are of each kind; what needs a person most comes first, and otherwise the order stays.

    UTF-8 with a mark, so that spreadsheets read it; cells that a spreadsheet would take for formulas are quoted. The file is
    put in place when it is whole; without disagreements there is none. Raises :class:`FinelineError` where it cannot be written.
    """
    counts: Counter[Why] = Counter()
    try:
        with ExitStack() as opened:
            # Sorted by as many files as there are kinds: no list of all of them is in memory.
            sorted_out = {why: opened.enter_context(_scratch(path)) for why in REASONS}
            writers = {why: csv.writer(file) for why, file in sorted_out.items()}
            raters: list[str] = []
            for each in found:
                raters = raters or list(each.answers)
                writers[each.why].writerow(_row(each, raters))
                counts[each.why] += 1
            if not counts:
                path.unlink(missing_ok=True)
                return counts
            _put_together(path, raters, list(sorted_out.values()))
    except OSError as error:
        raise FinelineError(f"{path} could not be written: {error.strerror or error}.") from None
    return counts


def _scratch(path: Path) -> IO[str]:
    """Return a file without a name, on the disk where ``path`` will be."""
    return tempfile.TemporaryFile("w+", encoding="utf-8", newline="", errors="replace", dir=path.parent)


def _put_together(path: Path, raters: Sequence[str], parts: Sequence[IO[str]]) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerow([_cell(name) for name in (*COLUMNS, *raters, *EVIDENCE_COLUMNS)])
            for part in parts:
                part.seek(0)
                shutil.copyfileobj(part, file)
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _row(each: Disagreement, raters: Sequence[str]) -> list[str]:
    turns = "; ".join(str(turn) for turn, _ in each.evidence)
    quotes = " | ".join(quote for _, quote in each.evidence)
    fixed = (each.why, each.transcript, each.rubric, each.question, each.asks, each.panel)
    return [_cell(text) for text in (*fixed, *(each.answers.get(name, "") for name in raters), turns, quotes, "")]


def _cell(text: str) -> str:
    return guarded(clean(text))
