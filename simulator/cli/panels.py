"""What a run with a panel, or with repeats, says at its end: how far its members agree, and what somebody should look at."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from simulator.analysis.panel import Disagreement, PanelAgreement
    from simulator.analysis.resampling import Figure
    from simulator.domain.rubric import Rubric

# With fewer of its answers usable than this, a member hardly takes part.
FEW = 0.5


@dataclass(frozen=True)
class Summary:
    """What there is to say about a panel: ``lines`` for people, ``data`` for programs."""

    lines: list[str]
    data: dict[str, Any]


def disagreements_path(out: Path) -> Path:
    """Return where the disagreements of a results file are listed."""
    return out.with_name(f"{out.name}.disagreements.csv")


def summed_up(out: Path, rubrics: Sequence[Rubric], judge: str) -> Summary:
    """Read a results file, list beside it what the members of ``judge`` disagree on, and return what to say about both."""
    from simulator.analysis.panel import REASONS, PanelAgreement, write_disagreements
    from simulator.batch.results import records

    agreement = PanelAgreement(rubrics, judge)

    def found() -> Iterator[Disagreement]:
        for placed in records(out):
            yield from agreement.add(placed.record)

    place = disagreements_path(out)
    counts = write_disagreements(place, found())
    summary = told(agreement)
    if not counts:
        return summary
    kinds = ", ".join(f"{counts[why]:,} {why}" for why in REASONS if counts[why])
    many = "1 disagreement" if counts.total() == 1 else f"{counts.total():,} disagreements"
    line = f"To look at: {many} ({kinds}), listed in {place}"
    line += f"\nDecide them yourself: {shlex.join(['fineline', 'review', str(out), '--only', str(place)])}"
    if counts["undecided"] and len(agreement.members) == 2:
        line += "\nWhere two disagree nothing is decided; a third judge would decide."
    listed = {"file": str(place), **{why.replace(" ", "_"): counts[why] for why in REASONS}}
    return Summary([*summary.lines, *line.splitlines()], {**summary.data, "disagreements": listed})


def told(agreement: PanelAgreement) -> Summary:
    """Return what to say: how far the members agree on each rubric's level and, below it, on each question."""
    from simulator.analysis.agreement import krippendorff_advice

    rubrics = agreement.result()
    if not rubrics:
        return Summary([], {})
    names = [each.rubric for each in rubrics] + [f"  {one.criterion}" for each in rubrics for one in each.criteria]
    width = max(map(len, names))
    lines = ["Agreement of the members (Krippendorff's α, 95% interval; n transcripts that two or more answered):"]
    for rubric in rubrics:
        asked = [each for each in rubric.criteria if each.alpha.n]
        advice = f": {krippendorff_advice(rubric.level.value)}" if rubric.level.value is not None else ""
        lines.append(f"  {rubric.rubric:<{width}}  {_figure(rubric.level)}, {_apart(rubric.disagreements)}{advice}")
        lines += [f"    {each.criterion:<{width - 2}}  {_figure(each.alpha)}, {_apart(each.disagreements)}" for each in asked]
        if len(asked) < len(rubric.criteria):
            left = len(rubric.criteria) - len(asked)
            lines.append(f"    {left} {'question' if left == 1 else 'questions'} that no two members answered")
    shares = {name: each.answered / each.asked for name, each in agreement.members.items() if each.asked}
    lines.append(f"Questions answered usably: {', '.join(f'{name} {share:.0%}' for name, share in shares.items())}")
    lines += [
        f"{name} left most questions without a usable answer, so the others decide nearly alone."
        for name, share in shares.items()
        if share < FEW
    ]
    answered = {name: round(share, 4) for name, share in shares.items()}
    return Summary(lines, {"rubrics": [each.as_json() for each in rubrics], "answered": answered})


def _figure(figure: Figure) -> str:
    if figure.value is None:
        return f"α   –                   n {figure.n:,} ({figure.reason})"
    interval = f"[{figure.low:5.2f}, {figure.high:5.2f}]" if figure.low is not None and figure.high is not None else ""
    return f"α {figure.value:5.2f} {interval:<14}  n {figure.n:,}"


def _apart(count: int) -> str:
    return f"{count:,} apart" if count else "none apart"
