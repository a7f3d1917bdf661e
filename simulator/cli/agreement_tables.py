"""Figures of agreement as tables of plain text, no wider than 80 columns, and in words."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from simulator.domain.text import clean

if TYPE_CHECKING:
    from simulator.analysis.comparison import Comparison, RubricComparison
    from simulator.analysis.resampling import Figure

NAMES = {
    "agreement": "raw agreement",
    "kappa": "Cohen's κ",
    "kappa_linear": "weighted κ, linear",
    "kappa_quadratic": "weighted κ, quadratic",
    "alpha_nominal": "Krippendorff's α, nominal",
    "alpha_ordinal": "Krippendorff's α, ordinal",
    "alpha_interval": "Krippendorff's α, interval",
    "spearman": "Spearman's ρ",
    "spearman_score": "Spearman's ρ of the scores",
}
_NAME_CELLS = 21
_FIGURE_CELLS = 15
_WIDTH = 80
_PAIR = ("agreement", "kappa", "kappa_quadratic", "spearman")
_SHORT = {"agreement": "agreement", "kappa": "Cohen's κ", "alpha_nominal": "Krippendorff's α",
          "kappa_quadratic": "κ, quadratic", "spearman": "Spearman's ρ"}  # fmt: skip


def number(value: float) -> str:
    """Return a figure as papers write it: two places, no zero before the point, a minus sign that is one."""
    text = f"{abs(value):.2f}"
    text = text[1:] if text.startswith("0") else text
    return f"−{text}" if value < 0 and text.strip(".0") else text


def figure(found: Figure | None) -> str:
    """Return value and interval, or a dash."""
    if found is None or found.value is None:
        return "—"
    interval = f" [{number(found.low)}, {number(found.high)}]" if found.low is not None and found.high is not None else ""
    return number(found.value) + interval


def of_rubric(found: RubricComparison, *, every_pair: bool) -> Iterator[str]:
    """Yield the lines about one rubric."""
    counts = ", ".join(f"{_tidy(name)} {count:,}" for name, count in found.counts.items())
    yield f"{_tidy(found.rubric)}: {found.any_of:,} transcripts rated ({counts})"
    both = "both" if len(found.counts) == 2 else f"all {len(found.counts)}"
    more = f", {found.two_of:,} by two or more" if len(found.counts) > 2 else ""
    yield f"  {found.all_of:,} of them by {both}{more}"
    yield ""
    yield from of_labels(found.level, title="level, 1 to 5", every_pair=every_pair)
    if found.criteria:
        yield ""
        yield from _criteria(found.criteria, every_pair=every_pair)
    for note in found.notes:
        yield from _wrapped(f"Note: {_tidy(note)}.")


def of_labels(found: Comparison, *, title: str, every_pair: bool = False) -> Iterator[str]:
    """Yield the lines about one thing rated: every figure of two raters, or those of all and a table of pairs."""
    from simulator.analysis.comparison import fair_to_say

    figures = dict(found.figures)
    if len(found.pairs) == 1:
        figures |= found.pairs[0].figures
    yield f"  {title:<28}{'':>4}{'95% interval':<16}{'n':>7}"
    for name in [each for each in NAMES if each in figures]:
        one = figures[name]
        value = "—" if one.value is None else number(one.value)
        interval = "" if one.low is None or one.high is None else f"{number(one.low)} to {number(one.high)}"
        yield f"    {NAMES[name]:<26}{value:>5}  {interval:<15}{one.n:>7,}"
    yield from _reasons([("", figures)])
    if len(found.pairs) > 1:
        yield ""
        names = [each for each in _PAIR if each in found.pairs[0].figures]
        if "kappa_quadratic" in names:
            names.remove("kappa")
        rows = [(" – ".join(_tidy(each) for each in pair.raters), pair.figures) for pair in found.pairs]
        yield from _table("pairs" if every_pair or len(rows) <= 10 else "the first ten pairs", rows, names, every_pair=every_pair)
    yield from _wrapped(f"For conclusions: {fair_to_say(found.main)}.")


def _criteria(criteria: Sequence[Comparison], *, every_pair: bool) -> Iterator[str]:
    two = len(criteria[0].pairs) == 1
    names = ["agreement", "kappa", "alpha_nominal"] if two else ["agreement", "alpha_nominal"]
    rows = [(_tidy(each.what), each.figures | (each.pairs[0].figures if two else {}) | {"agreement": each.figures["agreement"]})
            for each in criteria]  # fmt: skip
    yield from _table("verdicts", rows, names, every_pair=True)
    one_sided = [_tidy(each.what) for each in criteria if each.one_sided]
    if one_sided:
        yield from _wrapped(f"Nearly always the same verdict, so that chance alone would agree: {', '.join(one_sided)}.")
    if every_pair and not two:
        for each in criteria:
            pairs = [(" – ".join(_tidy(name) for name in pair.raters), pair.figures) for pair in each.pairs]
            yield ""
            yield from _table(_tidy(each.what), pairs, ["agreement", "kappa"], every_pair=True)


def _table(
    title: str, rows: Sequence[tuple[str, Mapping[str, Figure]]], names: Sequence[str], *, every_pair: bool
) -> Iterator[str]:
    yield f"  {title:<{_NAME_CELLS}} {'n':>5}  " + " ".join(f"{_SHORT[name]:<{_FIGURE_CELLS}}" for name in names).rstrip()
    shown = rows if every_pair else rows[:10]
    for name, figures in shown:
        if len(name) > _NAME_CELLS:
            yield f"  {name}"
        beside = name if len(name) <= _NAME_CELLS else ""
        cells = " ".join(f"{figure(figures[each]):<{_FIGURE_CELLS}}" for each in names).rstrip()
        yield f"  {beside:<{_NAME_CELLS}} {figures[names[0]].n:>5,}  {cells}"
    yield from _reasons([(name, {each: figures[each] for each in names}) for name, figures in shown])


def _reasons(rows: Iterable[tuple[str, Mapping[str, Figure]]]) -> Iterator[str]:
    """Yield why values and intervals are missing, each reason once with what it holds for."""
    why: dict[tuple[str, str], dict[str, list[str]]] = {}
    for row, figures in rows:
        for name, found in figures.items():
            if found.reason:
                what = "No value" if found.value is None else "No interval"
                why.setdefault((what, found.reason), {}).setdefault(row, []).append(NAMES[name].split(",")[0])
    for (what, reason), rows_of in why.items():
        figures_of = {tuple(dict.fromkeys(each)) for each in rows_of.values()}
        named = ", ".join(next(iter(figures_of))) if len(figures_of) == 1 else ""
        where = ", ".join(each for each in rows_of if each)
        text = f"{what} for {where}{f' ({named})' if named else ''}" if where else f"{what} for {named}"
        yield from _wrapped(f"{text}: {reason}.")


def _tidy(text: str) -> str:
    return clean(text, keep_newlines=False)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH - 2, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)


ADVICE = textwrap.wrap(
    "Krippendorff (2019) advises to rest conclusions on α of .800 and more, and tentative ones on .667 and more. Adjectives "
    "for κ (“moderate”, “substantial”) were arbitrary by the word of those who made them (Landis & Koch 1977) and are left "
    "out. Intervals: 95%, bootstrap (BCa) over what was rated.",
    _WIDTH,
)
