"""``fineline validate``: how well what the built-in ear hears agrees with human labels."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simulator.cli import authored

if TYPE_CHECKING:
    from simulator.language.validation import Agreement, Item, Statistic

app = typer.Typer(rich_markup_mode=None, add_completion=False)
_SHOWN = 12  # scores listed when none was asked for


@app.command()
def validate(
    data: Annotated[Path, typer.Option("--data", help="JSONL of rated texts: records with 'turns' and 'labels'.")],
    label: Annotated[str, typer.Option("--label", help="The label to compare with; dots lead inside, as in votes.romance.")],
    score: Annotated[
        list[str] | None, typer.Option("--score", help="A scale or behaviour to compare (may be given again); left out: all.")
    ] = None,
    positive: Annotated[
        str | None, typer.Option("--positive", help="Which labels are positive for the AUC: '>= 2', '< 0', or words they hold.")
    ] = None,
    bootstrap: Annotated[int, typer.Option("--bootstrap", min=50, max=20000, help="Resamples for the intervals.")] = 1000,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the resamples.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON, for programs.")] = False,
) -> None:
    """Compare what is heard with human labels: Spearman, AUC and weighted kappa, with 95% bootstrap intervals.

    A negative Spearman says that the label runs the other way (a severity that falls as abuse grows). Without --score the
    scores that agree most are listed.
    """
    import numpy as np

    from simulator.domain.errors import UsageError
    from simulator.language import validation
    from simulator.language.detector import Detector
    from simulator.language.measure import spearman
    from simulator.language.scales import Scales

    items, values = _labelled(_items(data), label)
    chosen = validation.positives(values, positive)
    detector = Detector.load(authored.open_library().catalogue)
    scores = validation.score(items, score or (), detector, Scales.load(detector.encoder))
    if not score:
        numbers = chosen.astype(float) if isinstance(values[0], str) else np.array(values, float)
        ranked = {name: abs(spearman(column, numbers)) for name, column in scores.items()}
        best = sorted((name for name in ranked if not math.isnan(ranked[name])), key=lambda name: -ranked[name])
        if not best:
            raise UsageError(f"The label {label!r} is the same everywhere: there is nothing to compare.")
        scores = {name: scores[name] for name in best[:_SHOWN]}
    found = [validation.agree(name, column, values, chosen, times=bootstrap, seed=seed) for name, column in scores.items()]
    if as_json:
        authored.print_json([_as_json(each) for each in found])
        return
    print(f"{len(values)} texts, {int(chosen.sum())} positive")
    width = max(len(each.score) for each in found)
    print(f"{'':<{width}}  {'Spearman':<22}  {'AUC':<22}  weighted kappa")
    for each in found:
        print(f"{each.score:<{width}}  {_say(each.spearman):<22}  {_say(each.auc):<22}  {_say(each.kappa)}")


def _items(path: Path) -> list[Item]:
    from simulator.domain.errors import FinelineError, UsageError
    from simulator.language.validation import item

    try:
        lines = path.read_text("utf-8").splitlines()
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text.") from None
    except OSError as error:
        raise FinelineError(f"{path} could not be read: {error.strerror or error}.") from None
    out = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            out.append(item(json.loads(line)))
        except json.JSONDecodeError:
            raise UsageError(f"{path}:{number}: not JSON.") from None
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{path}:{number}: {error}.") from None
    return out


def _labelled(items: list[Item], key: str) -> tuple[list[Item], list[Any]]:
    from simulator.domain.errors import UsageError, unknown
    from simulator.language import validation

    values = [validation.label(each.labels, key) for each in items]
    kept = [number for number, value in enumerate(values) if isinstance(value, float | str)]
    if not kept:
        names = {name for each in items for name in each.labels}
        raise unknown("label", key, names) if names else UsageError("There are no labelled texts in that file.")
    if len({type(values[number]) for number in kept}) > 1:
        raise UsageError(f"The label {key!r} is a number in some records and words in others.")
    if len(kept) < len(items):
        authored.say(f"{len(items) - len(kept)} of {len(items)} texts have no such label and are left out.")
    return [items[number] for number in kept], [values[number] for number in kept]


def _say(figure: Statistic) -> str:
    return "—" if math.isnan(figure.value) else f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"


def _as_json(found: Agreement) -> dict[str, Any]:
    def plain(figure: Statistic) -> dict[str, float | None]:
        parts = {"value": figure.value, "low": figure.low, "high": figure.high}
        return {name: None if math.isnan(part) else round(part, 4) for name, part in parts.items()}

    return {
        "score": found.score, "items": found.items, "positives": found.positives, "spearman": plain(found.spearman),
        "auc": plain(found.auc), "weighted_kappa": plain(found.kappa),
    }  # fmt: skip
