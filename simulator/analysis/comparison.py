"""How raters compare: all the figures of agreement that suit a scale, and what is fair to say of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from simulator.analysis.agreement import (
    Patterns,
    Rating,
    alpha,
    cohen_kappa,
    krippendorff_advice,
    raw_agreement,
    spearman,
    weighted_kappa,
)
from simulator.analysis.raters import Ratings, RubricRatings
from simulator.analysis.resampling import RESAMPLES, Figure

RELIABLE, TENTATIVE = 0.8, 0.667
_OFTEN = 0.9


@dataclass(frozen=True, slots=True)
class Drawn:
    """How intervals are drawn: resamples and seed."""

    times: int = RESAMPLES
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Pair:
    """Two raters. ``figures`` by name: agreement, kappa, and on a scale kappa_linear, kappa_quadratic and spearman."""

    raters: tuple[str, str]
    figures: dict[str, Figure]

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {"raters": list(self.raters), **{name: each.as_json() for name, each in self.figures.items()}}


@dataclass(frozen=True, slots=True)
class Comparison:
    """One thing that was rated by all these raters. ``figures``: agreement and alpha, by the metrics that suit the scale."""

    what: str
    raters: tuple[str, ...]
    figures: dict[str, Figure]
    pairs: tuple[Pair, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {**{name: each.as_json() for name, each in self.figures.items()}, "pairs": [each.as_json() for each in self.pairs]}

    @property
    def main(self) -> Figure:
        """Krippendorff's alpha by the metric that suits the scale best."""
        names = ("alpha_ordinal", "alpha_nominal")
        return next(self.figures[name] for name in names if name in self.figures)

    @property
    def one_sided(self) -> bool:
        """Whether raters nearly always agree, and yet no better than one common answer would make them by chance."""
        agreed, found = self.figures["agreement"].value, self.main.value
        return agreed is not None and agreed >= _OFTEN and found is not None and found < TENTATIVE


def compare_labels(
    what: str,
    ratings: Patterns,
    raters: Sequence[str],
    *,
    scale: Sequence[Rating] | None = None,
    numbers: bool = False,
    drawn: Drawn = Drawn(),
) -> Comparison:
    """Compare labels: as names, and as a scale too where they are ``numbers`` or ``scale`` gives their order, low to high."""
    how: dict[str, Any] = {"times": drawn.times, "seed": drawn.seed}
    figures = {"agreement": raw_agreement(ratings, **how), "alpha_nominal": alpha(ratings, "nominal", **how)}
    if scale is not None or numbers:
        figures["alpha_ordinal"] = alpha(ratings, "ordinal", order=scale, **how)
    if numbers:
        figures["alpha_interval"] = alpha(ratings, "interval", **how)
    pairs = []
    for one, other in combinations(range(len(raters)), 2):
        both = ratings.pair(one, other)
        found = {"agreement": raw_agreement(both, **how), "kappa": cohen_kappa(both, **how)}
        if scale is not None or numbers:
            found["kappa_linear"] = weighted_kappa(both, "linear", order=scale, **how)
            found["kappa_quadratic"] = weighted_kappa(both, "quadratic", order=scale, **how)
            found["spearman"] = spearman(both, order=scale, **how)
        pairs.append(Pair((raters[one], raters[other]), found))
    return Comparison(what, tuple(raters), figures, tuple(pairs))


@dataclass(frozen=True, slots=True)
class RubricComparison:
    """One rubric: its level, and each criterion. ``any_of``, ``two_of`` and ``all_of`` count transcripts by who rated them."""

    rubric: str
    any_of: int
    two_of: int
    all_of: int
    counts: dict[str, int]
    level: Comparison
    criteria: tuple[Comparison, ...]
    notes: tuple[str, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "rubric": self.rubric,
            "transcripts": {"any": self.any_of, "two_or_more": self.two_of, "all": self.all_of, "by_rater": self.counts},
            "level": self.level.as_json(),
            "criteria": [{"criterion": each.what, **each.as_json()} for each in self.criteria],
            "notes": list(self.notes),
        }


def compare(ratings: Ratings, raters: Sequence[int], drawn: Drawn = Drawn()) -> list[RubricComparison]:
    """Compare raters (by their places) on every rubric that at least two of them rated a transcript against."""
    names = ratings.names()
    out = []
    for of in ratings.rubrics.values():
        present = [each for each in raters if each in of.digests or of.count(each)]
        any_of, two_of, all_of = of.by(raters)
        if len(present) < 2 or not two_of:
            continue
        who = [names[each] for each in present]
        level = _level(of, present, who, drawn)
        criteria = [compare_labels(each, of.verdicts(each, present), who, drawn=drawn) for each in of.criteria]
        counts = {names[each]: of.count(each) for each in present}
        out.append(
            RubricComparison(of.rubric, any_of, two_of, all_of, counts, level, tuple(criteria), _notes(of, present, names))
        )
    return out


def _level(of: RubricRatings, raters: Sequence[int], names: Sequence[str], drawn: Drawn) -> Comparison:
    found = compare_labels("level", of.levels(raters), names, numbers=True, drawn=drawn)
    scores = of.scores(raters)
    for pair, (one, other) in zip(found.pairs, combinations(range(len(raters)), 2), strict=True):
        pair.figures["spearman_score"] = spearman(scores.pair(one, other), times=drawn.times, seed=drawn.seed)
    return found


def _notes(of: RubricRatings, raters: Sequence[int], names: Sequence[str]) -> tuple[str, ...]:
    notes = []
    seen = {each: of.digests.get(each, set()) for each in raters}
    versions = {digest for digests in seen.values() for digest in digests}
    if len(versions) > 1:
        said = "; ".join(f"{names[each]}: {', '.join(sorted(digests))}" for each, digests in seen.items() if digests)
        notes.append(f"not everybody rated against the same version of {of.rubric}, so questions may differ ({said})")
    silent: dict[tuple[str, ...], list[str]] = {}
    for criterion in of.criteria:
        answered = [any(row[at] is not None for row in of.verdicts(criterion, raters).counts) for at in range(len(raters))]
        if any(answered) and not all(answered):
            who = tuple(names[each] for each, some in zip(raters, answered, strict=True) if not some)
            silent.setdefault(who, []).append(criterion)
    for who, criteria in silent.items():
        which = "any question" if len(criteria) == len(of.criteria) else ", ".join(criteria)
        notes.append(f"no usable verdict from {', '.join(who)} on {which}, on any transcript")
    return tuple(notes)


def fair_to_say(figure: Figure) -> str:
    """Return what conclusions an alpha bears, by Krippendorff's advice, and whether more rating could change that."""
    said = krippendorff_advice(figure.value)
    if figure.value is None:
        return f"{said}: {figure.reason}"
    if figure.low is None or figure.high is None:
        return f"{said}; how sure that is cannot be said: {figure.reason}" if figure.reason else said
    bounds = [each for each in (TENTATIVE, RELIABLE) if figure.low < each <= figure.high]
    if bounds:
        held = " and ".join(f"{each:.3f}".lstrip("0") for each in bounds)
        said += f"; but the interval holds {held}, so more ratings could change that"
    return said
