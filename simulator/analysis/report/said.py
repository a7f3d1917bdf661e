"""How the report puts numbers and runs into words."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from datetime import UTC, datetime

from simulator.analysis.agreement import krippendorff_advice
from simulator.analysis.report.build import LEAST_OF_A_GROUP, Report
from simulator.analysis.report.parts import RubricPart
from simulator.analysis.resampling import Figure
from simulator.batch.manifest import RunManifest
from simulator.domain.grade import Usage
from simulator.domain.text import clean


def percent(share: float | None) -> str:
    """Return a share as people read it; one that is neither 0 nor 1 is never shown as if it were."""
    if share is None:
        return "–"
    text = f"{share:.0%}"
    if text == "0%" and share > 0:
        return "<1%"
    return ">99%" if text == "100%" and share < 1 else text


def spread(low: float | None, high: float | None) -> str:
    """Return the ends of a share's interval."""
    if low is None or high is None:
        return ""
    begin, end = _end(low), _end(high)
    return f"{begin.removesuffix('%')}–{end}" if begin != end else begin


def _end(share: float) -> str:
    """Return the end of an interval, to the tenth where it is nearly none or all."""
    text = percent(share)
    return text if text[0] not in "<>" else "<0.1%" if share < 0.0005 else ">99.9%" if share > 0.9995 else f"{share:.1%}"


def mean(figure: Figure) -> str:
    """Return a mean with its interval, where there is one."""
    if figure.value is None:
        return "–"
    ends = f" ({figure.low:.2f}–{figure.high:.2f})" if figure.low is not None and figure.high is not None else ""
    return f"{figure.value:.2f}{ends}"


def points(figure: Figure) -> str:
    """Return a difference with its sign and interval."""
    if figure.value is None:
        return "–"
    if figure.low is None or figure.high is None:
        return _signed(figure.value)
    return f"{_signed(figure.value)} ({_signed(figure.low)} to {_signed(figure.high)})"


def _signed(value: float) -> str:
    text = f"{value:+.2f}"
    return "0.00" if float(text) == 0 else text.replace("-", "−")


def place(share: float) -> str:
    """Return a share as a place along an axis."""
    return f"{share * 100:.2f}%"


def alpha(figure: Figure) -> str:
    """Return an agreement with its interval, or why there is none."""
    if figure.value is None:
        return f"none ({figure.reason})"
    ends = f" ({figure.low:.2f} to {figure.high:.2f})" if figure.low is not None and figure.high is not None else ""
    return f"{figure.value:.2f}{ends}".replace("-", "−")


def advice(figure: Figure) -> str:
    """Return what may be concluded at this agreement."""
    return krippendorff_advice(figure.value)


def listed(names: Iterable[str]) -> str:
    """Return names as a list in words."""
    found = list(names)
    return found[0] if len(found) == 1 else f"{', '.join(found[:-1])} and {found[-1]}"


def judges(names: Iterable[str]) -> str:
    """Return who judged."""
    return listed("the built-in judge" if each == "built-in" else each for each in names)


def counted(number: int, what: str) -> str:
    """Return a number of things."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def day(moment: str | None) -> str:
    """Return the day of an ISO 8601 time; the words themselves where they are none."""
    if not moment:
        return ""
    try:
        read = datetime.fromisoformat(moment)
    except ValueError:
        return moment
    return f"{read.day} {read:%B %Y}"


def moment(time: str | None) -> str:
    """Return an ISO 8601 time in UTC to the second; the words themselves where they are none."""
    try:
        return f"{datetime.fromisoformat(time or '').astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    except ValueError:
        return time or ""


def when(report: Report) -> str:
    """Return when the grading was done, as far as the runs tell."""
    runs = [each.manifest for each in report.runs if each.manifest is not None]
    days = sorted({each.started or each.finished or "" for each in runs} - {""})
    if not days:
        return ""
    first, last = day(days[0]), day(max(each.finished or each.started or "" for each in runs))
    return f"on {first}" if first == last else f"from {first} to {last}"


def remarks(report: Report) -> list[str]:
    """Return what has to be known before the numbers are read."""
    found = []
    for each in report.older:
        version = f" ({each.series.rubric_version})" if each.series.rubric_version else ""
        found.append(
            f"{counted(each.grades, 'grade')} for {each.series.rubric} by {each.series.judge} were made with an earlier version "
            f"of the rubric{version} or the judge and are not in this report; --every-version shows them."
        )
    if report.seen.repeated:
        found.append(f"{counted(report.seen.repeated, 'grade')} were there more than once and count once.")
    if report.again:
        found.append(
            f"{counted(report.again, 'grade')} more than there are transcripts: these were changed between runs, or share an id. "
            "The grades of all their words count."
        )
    if report.rejected_count:
        lines = (
            "One line of the results is no grade"
            if report.rejected_count == 1
            else f"{report.rejected_count:,} lines of the results are no grades"
        )
        found.append(f"{lines} and in none of the numbers; see “Not judged”.")
    if report.missing:
        found.append(f"Quotes stand without their conversations: {report.missing} Name the transcripts with --transcripts.")
    if report.folded:
        found.append(f"{report.by} has many values; the {report.folded:,} with the fewest conversations are taken together.")
    for run in report.runs:
        if run.manifest is not None and run.manifest.started and not run.manifest.finished:
            found.append(f"The run of {run.path} did not finish: what is not graded yet is not in this report.")
    return found


def sampled(report: Report) -> str:
    """Return in one sentence how many findings are shown of how many."""
    shown = total = 0
    for part in report.parts:
        for series in part.series:
            for one in series.criteria:
                shown += sum(len(each.shown) for each in one.samples)
                total += sum(one.outcomes.values())
    if shown == total:
        return f"All {total:,} findings, by question. Each quote is marked where it was said."
    how = "The method says how they were chosen."
    return f"{shown:,} of {total:,} findings, by question. Each quote is marked where it was said. {how}"


def sampling(report: Report) -> str:
    """Return how it was decided which findings are shown."""
    wanted = report.wanted
    groups = f" (and {LEAST_OF_A_GROUP} at least of every group)" if report.by else ""
    return (
        f"Up to {wanted.findings} findings of each question and outcome, and {wanted.grades} grades of each level{groups} are "
        "shown: those whose keys come first. A grade's key is a hash of the conversation's words, the rubric and the judge. It "
        "knows nothing of the outcome and nobody chose it, so the findings shown are as good as drawn by lot, the same at each "
        "making, and anybody can check the choice by sorting the results by key. --findings shows more; the results file holds "
        "all of them."
    )


def command(run: RunManifest) -> str:
    """Return the command of a run, as it can be typed again."""
    arguments = run.command if run.command[:1] == ["fineline"] else ["fineline", *run.command]
    return clean(shlex.join(arguments), keep_newlines=False)


def reading(run: RunManifest) -> str:
    """Return how transcripts were read, where anything was said about it."""
    return ", ".join(f"{name.replace('_', ' ')} {value!r}" for name, value in run.reading.items() if value)


def options(run: RunManifest) -> list[tuple[str, str]]:
    """Return the options of a run that were set, with their values."""
    set_ = ((name.replace("_", " "), value) for name, value in run.options.items() if value not in (None, False, "", [], ()))
    return [(name, "yes" if value is True else str(value)) for name, value in set_]


def counts(run: RunManifest) -> str:
    """Return what a run counted, leaving out what there was none of."""
    return ", ".join(f"{number:,} {what.replace('_', ' ')}" for what, number in run.counts.items() if number)


def sight(run: RunManifest) -> str:
    """Return whether a model judge knew who the people are."""
    if run.prompt is None:
        return ""
    if run.prompt.endswith("-blind"):
        return "blind: names, pronouns and gendered words were hidden from it"
    return "it read names, pronouns and gendered words as they were" if run.prompt.endswith("-sighted") else ""


def cost(run: RunManifest) -> str:
    """Return what a run cost."""
    spent = tokens_of(run.usage)
    if not run.usage.calls:
        return "no model was asked"
    if run.cost.total is None:
        return f"{spent}; no price is known for this model"
    prices = [
        f"{price:g} for {what}"
        for what, price in (
            ("input", run.cost.input_price),
            ("cached input", run.cost.cached_price),
            ("output", run.cost.output_price),
        )
        if price is not None
    ]
    rates = f" ({run.cost.currency} a million tokens: {', '.join(prices)})" if prices else ""
    return f"{run.cost.total:,.2f} {run.cost.currency}: {spent}{rates}"


def tokens_of(usage: Usage) -> str:
    """Return tokens and calls in words."""
    about = "about " if usage.estimated else ""
    cached = f" ({usage.cached_tokens:,} from the cache)" if usage.cached_tokens else ""
    calls = counted(usage.calls, "call")
    return f"{calls}, {about}{usage.input_tokens:,} tokens read{cached} and {usage.output_tokens:,} written"


def tokens(report: Report) -> str:
    """Return what the grades of the report took together, added up from their own records."""
    if not report.usage.calls:
        return "By their own records the grades in this report took no calls to a model."
    return f"By their own records the grades in this report took {tokens_of(report.usage)}."


def versions(part: RubricPart) -> str:
    """Return the versions of a rubric that the grades of the report name."""
    found = dict.fromkeys(each.series.rubric_version for each in part.series if each.series.rubric_version)
    return f"{part.id}, version {listed(found)}" if found else f"{part.id}, version not recorded"
