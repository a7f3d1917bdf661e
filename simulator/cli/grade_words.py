"""What ``fineline grade`` says before a run and after it."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING, Any

from simulator.cli.progress import money

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from simulator.batch.cost import Price
    from simulator.batch.estimate import Estimate
    from simulator.batch.tally import Tally

# Options that would undo what is to be gone on from.
_ONCE = ("--again", "--retry-failed", "--dry-run")


def command_again(arguments: Sequence[str] | None = None) -> str:
    """Return the command that goes on from here, as one would type it."""
    given = sys.argv[1:] if arguments is None else arguments
    return shlex.join(["fineline", *(each for each in given if each not in _ONCE)])


def say(lines: Sequence[str]) -> None:
    """Write lines to standard error."""
    from simulator.domain.text import clean

    for line in lines:
        print(clean(line), file=sys.stderr)


def before(
    estimate: Estimate,
    price: Price | None,
    *,
    judges: str,
    hint: str = "",
    inexact: str = "",
    budget: float | None = None,
    spent: float = 0.0,
) -> list[str]:
    """Return what a run will take.

    ``hint`` says how prices are set; ``inexact`` names a model that counts tokens in another way; ``spent`` of the ``budget``
    is what earlier runs cost.
    """
    about = "" if estimate.exact else "about "
    lines = [
        f"{about.capitalize()}{estimate.transcripts:,} transcripts; {about}{estimate.judgements:,} judgements to ask {judges} for"
        f"{_already(estimate)}"
    ]
    if not estimate.exact:
        lines.append(f"  (counted in the first {estimate.share:.0%} of what is to be read; --dry-run counts all of it)")
    if not estimate.calls:
        return lines
    lines += _tokens(estimate)
    if inexact and not estimate.measured:
        lines.append(f"  Counted as OpenAI's models count; {inexact} may count a fifth more or fewer.")
    if price is None:
        return [*lines, f"  What that costs is not known. {hint}"] if hint else lines
    low, high = estimate.money(price)
    caches = f" where the endpoint's prompt cache helps, {money(high, price.currency)} where not" if high > low else ""
    lines.append(f"  About {money(low, price.currency)}{caches}")
    if budget is not None and spent + low > budget:
        before = f" ({money(spent, price.currency)} of it is spent)" if spent else ""
        lines.append(f"  The budget of {money(budget, price.currency)}{before} will not last to the end.")
    return lines


def _tokens(estimate: Estimate) -> list[str]:
    if estimate.measured:
        cached = estimate.cached_tokens / max(1, estimate.input_tokens)
        return [
            f"  {estimate.calls:,} calls; if they go on as so far, about {estimate.input_tokens:,} tokens of questions "
            f"({cached:.0%} from the prompt cache) and {estimate.output_tokens:,} of answers"
        ]
    margin = f" ± {estimate.margin:.1%} (from a sample of {estimate.sampled:,} transcripts)" if estimate.margin else ""
    return [
        f"  {estimate.calls:,} calls, {estimate.input_tokens:,} tokens of questions{margin}:",
        f"    {estimate.other_tokens:,} in transcripts, "
        f"{estimate.fixed_tokens:,} in what is the same every time ({_hits(estimate)})",
        f"  {estimate.output_tokens:,} tokens of answers (a guess; more for a model that thinks first)",
    ]


def _already(estimate: Estimate) -> str:
    parts = [
        f"{estimate.done:,} done before" if estimate.done else "",
        f"{estimate.reused:,} known from the cache" if estimate.reused else "",
    ]
    said = ", ".join(each for each in parts if each)
    return f" ({said})" if said else ""


def _hits(estimate: Estimate) -> str:
    if not estimate.cached_tokens:
        return "too short for prompt caches"
    return f"prompt caches can hold {estimate.cached_tokens:,}"


def after(tally: Tally, out: Path | None, *, price: Price | None, spent_before: float) -> list[str]:
    """Return what a run came to."""
    parts = [f"{tally.scored:,} scored", f"{tally.not_scored:,} not scored", f"{tally.failed:,} failed"]
    if tally.reused:
        parts.append(f"{tally.reused:,} of them from the cache")
    if tally.resumed:
        parts.append(f"{tally.resumed:,} done before")
    lines = [f"{_counted(tally.transcripts, 'transcript')}: {', '.join(parts)}"]
    for name in sorted({rubric for rubric, _ in tally.levels}):
        counts = [tally.levels[name, level] for level in range(1, 6)]
        lines.append(f"  {name:<16} " + "  ".join(f"{level}: {count:,}" for level, count in enumerate(counts, 1)))
    for reason, count in tally.reasons.most_common(5):
        lines.append(f"  failed {count:,} ×  {reason}")
    if tally.usage.calls:
        lines.append(_used(tally, price, spent_before))
    if tally.rejected:
        where = f"; see {out}.rejected" if out is not None else ""
        lines.append(f"{_counted(tally.rejected, 'record')} could not be read{where}")
    return lines


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _used(tally: Tally, price: Price | None, spent_before: float) -> str:
    usage = tally.usage
    cached = f" ({usage.cached_tokens / usage.input_tokens:.0%} from the prompt cache)" if usage.cached_tokens else ""
    said = f"{usage.calls:,} calls, {usage.input_tokens:,} tokens of questions{cached}, {usage.output_tokens:,} of answers"
    if price is not None:
        said += f": {money(tally.spent - spent_before, price.currency)}"
        if spent_before:
            said += f", {money(tally.spent, price.currency)} with earlier runs"
    return said + (" (tokens counted here: the endpoint does not say)" if usage.estimated else "")


def as_json(
    tally: Tally, out: Path, *, price: Price | None, spent_before: float, seconds: float, stopped: str | None, then: str | None
) -> dict[str, Any]:
    """Return what a run came to, for programs. ``stopped`` says why it did not come to the end, ``then`` how to go on."""
    levels: dict[str, dict[str, int]] = {}
    for (rubric, level), count in sorted(tally.levels.items()):
        levels.setdefault(rubric, {})[str(level)] = count
    cost = None
    if price is not None:
        cost = {"currency": price.currency, "run": tally.spent - spent_before, "total": tally.spent}
    return {
        "results": str(out),
        "counts": tally.counts(),
        "levels": levels,
        "failures": [{"reason": reason, "count": count} for reason, count in tally.reasons.most_common(20)],
        "usage": tally.usage.model_dump(),
        "cost": cost,
        "seconds": round(seconds, 3),
        "stopped": stopped,
        "next": then,
    }
