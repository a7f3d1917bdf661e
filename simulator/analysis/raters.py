"""Who rated what: the ratings in results files, human or machine, side by side for each transcript and rubric.

A rater is a judge's name in a file. What a rater said of a transcript is kept as the number of one of few distinct ratings, so
that memory grows by four bytes a rating, and by the transcripts' ids.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.agreement import Patterns, Rating
from simulator.batch.results import records
from simulator.domain.errors import FinelineError, UsageError, unknown

VERDICTS = ("met", "not_met", "not_applicable")


@dataclass(frozen=True, slots=True)
class Said:
    """A rating: ``level`` 1–5 and ``score`` 0–1 where scored, and usable verdicts by the place of their criterion."""

    level: int | None
    score: float | None
    verdicts: tuple[str | None, ...]

    def verdict(self, place: int) -> str | None:
        """Return the verdict on a criterion, or ``None`` where there is no usable one."""
        return self.verdicts[place] if place < len(self.verdicts) else None


@dataclass(slots=True)
class Rater:
    """One rater of one file. ``graded`` counts records, ``again`` those that stood in place of an earlier one."""

    name: str
    path: Path
    graded: int = 0
    again: int = 0


class RubricRatings:
    """All ratings against one rubric: for each rater and transcript, by its place, the number of what they said (0: nothing)."""

    def __init__(self, rubric: str) -> None:
        self.rubric = rubric
        self.criteria: dict[str, int] = {}
        """The places of criteria in verdicts, in the order they were first seen."""
        self.digests: dict[int, set[str]] = {}
        """Which versions of the rubric each rater rated against."""
        self._said: list[Said | None] = [None]
        self._numbers: dict[Said, int] = {}
        self._given: dict[int, array[int]] = {}

    def add(self, rater: int, transcript: int, said: Said) -> bool:
        """Set what a rater said of a transcript; return whether it stands in place of something."""
        number = self._numbers.setdefault(said, len(self._said))
        if number == len(self._said):
            self._said.append(said)
        given = self._given.setdefault(rater, array("I"))
        if transcript >= len(given):
            given.extend([0] * (transcript + 1 - len(given)))
        again = given[transcript] > 0
        given[transcript] = number
        return again

    def count(self, rater: int) -> int:
        """Return how many transcripts a rater rated."""
        given = self._given.get(rater)
        return len(given) - given.count(0) if given is not None else 0

    def first(self, rater: int) -> int | None:
        """Return the place of the first transcript a rater rated."""
        return next((at for at, number in enumerate(self._given.get(rater, ())) if number), None)

    def _distinct(self, raters: Sequence[int]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        """Return the distinct rows of what was said of a transcript, a column a rater, and how many transcripts have each."""
        columns = [np.frombuffer(self._given.get(each, array("I")), np.uint32) for each in raters]
        table = np.zeros((max(map(len, columns)), len(raters)), np.uint32)
        for at, column in enumerate(columns):
            table[: len(column), at] = column
        rows, counts = np.unique(table[table.any(axis=1)], axis=0, return_counts=True)
        return rows, counts.astype(np.int64)

    def by(self, raters: Sequence[int]) -> tuple[int, int, int]:
        """Return how many transcripts any, two or more, and all of these raters rated."""
        rows, counts = self._distinct(raters)
        given = (rows > 0).sum(axis=1)
        return int(counts.sum()), int(counts[given > 1].sum()), int(counts[given == len(raters)].sum())

    def _patterns(self, raters: Sequence[int], of: Callable[[Said], Rating]) -> Patterns:
        values = [None if said is None else of(said) for said in self._said]
        patterns = Patterns()
        for row, count in zip(*(each.tolist() for each in self._distinct(raters)), strict=True):
            patterns.add([values[number] for number in row], count)
        return patterns

    def levels(self, raters: Sequence[int]) -> Patterns:
        """Return the levels, a row a transcript and a place a rater."""
        return self._patterns(raters, lambda said: said.level)

    def scores(self, raters: Sequence[int]) -> Patterns:
        """Return the scores, likewise."""
        return self._patterns(raters, lambda said: said.score)

    def verdicts(self, criterion: str, raters: Sequence[int]) -> Patterns:
        """Return the verdicts on a criterion, likewise."""
        place = self.criteria[criterion]
        return self._patterns(raters, lambda said: said.verdict(place))


class Ratings:
    """The ratings of any number of files."""

    def __init__(self) -> None:
        self.raters: list[Rater] = []
        self.rubrics: dict[str, RubricRatings] = {}
        self.transcripts: dict[str, int] = {}
        """Every transcript that somebody rated, and its place."""
        self._places: dict[tuple[Path, str], int] = {}

    def read(self, path: Path, *, members: bool | None = False, rubrics: Iterable[str] = ()) -> None:
        """Add the ratings of a results file, of some rubrics or all.

        With ``members`` the members of a panel are the raters and not the panel, as which they are no independent second
        opinion. Raises :class:`FinelineError` where the file cannot be read or holds something else.
        """
        wanted = set(rubrics)
        for line, record in records(path):
            if wanted and record["rubric"] not in wanted:
                self.rubrics.setdefault(record["rubric"], RubricRatings(record["rubric"]))
                continue
            try:
                if members and record.get("ratings"):
                    repeated = {each["judge"] for each in record["ratings"] if each.get("repeat", 1) > 1}
                    for rating in record["ratings"]:
                        judge = rating["judge"]
                        name = f"{judge} #{rating.get('repeat', 1)}" if judge in repeated else judge
                        self._add(path, name, record, rating, rating.get("verdicts", {}))
                else:
                    self._add(path, record["judge"], record, record, _usable(record.get("findings", ())))
            except (KeyError, TypeError, AttributeError, ValueError):
                raise FinelineError(f"{path}:{line}: not a grade as 'fineline grade' writes it.") from None

    def _add(
        self, path: Path, name: str, record: Mapping[str, Any], rating: Mapping[str, Any], verdicts: Mapping[str, str]
    ) -> None:
        key = (path, str(name))
        if key not in self._places:
            self._places[key] = len(self.raters)
            self.raters.append(Rater(str(name), path))
        place = self._places[key]
        rater = self.raters[place]
        of = self.rubrics.setdefault(record["rubric"], RubricRatings(record["rubric"]))
        digest = (record.get("versions") or {}).get("rubric")
        if digest:
            of.digests.setdefault(place, set()).add(digest)
        if rating["status"] == "failed":
            return
        for criterion in verdicts:
            of.criteria.setdefault(criterion, len(of.criteria))
        row: list[str | None] = [None] * len(of.criteria)
        for criterion, verdict in verdicts.items():
            row[of.criteria[criterion]] = verdict if verdict in VERDICTS else None
        said = Said(rating.get("level"), rating.get("score"), tuple(row))
        again = of.add(place, self.transcripts.setdefault(record["transcript"], len(self.transcripts)), said)
        rater.graded += not again
        rater.again += again

    def names(self) -> list[str]:
        """Return how each rater is called: their name, with the file where two files have one of that name."""
        given = [rater.name for rater in self.raters]
        told = [
            name if given.count(name) == 1 else f"{name} ({rater.path.name})"
            for name, rater in zip(given, self.raters, strict=True)
        ]
        return [
            name if told.count(name) == 1 else f"{rater.name} ({rater.path})"
            for name, rater in zip(told, self.raters, strict=True)
        ]

    def chosen(self, wanted: Sequence[str]) -> list[int]:
        """Return the places of the raters wanted, all where none is named.

        Raises :class:`UsageError` for a name there is none of, and where fewer than two remain.
        """
        names = self.names()
        places = list(range(len(names)))
        if wanted:
            places = []
            for name in wanted:
                found = [at for at, rater in enumerate(self.raters) if name in (names[at], rater.name)]
                if not found:
                    raise unknown("rater", name, {*names, *(each.name for each in self.raters)})
                places += [each for each in found if each not in places]
        if len(places) < 2:
            who = f"There is only {names[places[0]]!r}" if places else "There is no rater"
            raise UsageError(
                f"{who}: agreement takes two raters.", hint="Give another results file, or one of a panel (--members)."
            )
        return places


def _usable(findings: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the verdicts that answer their question: not applicable, or counted (judged, and with evidence that holds)."""
    out = {}
    for each in findings:
        verdict = each["verdict"]
        if verdict == "not_applicable" or (verdict in VERDICTS and each.get("counted")):
            out[each["criterion"]] = verdict
        else:
            out.setdefault(each["criterion"], "not_judged")
    return out


def read_ratings(paths: Sequence[Path], *, members: bool | None = None, rubrics: Iterable[str] = ()) -> Ratings:
    """Return the ratings of files. With ``members=None`` a panel's members are taken where one file is given, else the panel.

    Raises :class:`UsageError` for a rubric that none of the files has, and what :meth:`Ratings.read` raises.
    """
    wanted = list(rubrics)
    ratings = Ratings()
    for path in dict.fromkeys(paths):
        ratings.read(path, members=len(set(paths)) == 1 if members is None else members, rubrics=wanted)
    for name in wanted:
        if name not in ratings.rubrics:
            raise unknown("rubric in these results", name, ratings.rubrics)
    if wanted:
        ratings.rubrics = {name: ratings.rubrics[name] for name in wanted}
    return ratings
