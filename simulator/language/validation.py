"""How well what the ear hears agrees with people: scores and behaviours against human labels."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from simulator.domain.behaviour import Role
from simulator.domain.errors import UsageError, unknown
from simulator.domain.transcript import Turn
from simulator.language.measure import auc, interval, spearman, weighted_kappa

if TYPE_CHECKING:
    from simulator.language.detector import Detector
    from simulator.language.scales import Scales

_RULE = re.compile(r"^(<=|>=|<|>|=)\s*(-?\d+(?:\.\d+)?)$")
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq,
}  # fmt: skip


@dataclass(frozen=True)
class Item:
    """A rated text, the turns before it, and its labels."""

    text: str
    role: Role
    before: tuple[Turn, ...]
    labels: Mapping[str, Any]


@dataclass(frozen=True)
class Statistic:
    """A figure and its 95% bootstrap interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Agreement:
    """How one score agrees with the labels; ``items`` rated texts, ``positives`` of them positive for the AUC."""

    score: str
    items: int
    positives: int
    spearman: Statistic
    auc: Statistic
    kappa: Statistic


def item(record: Any) -> Item:
    """Return the rated text of a record ``{"turns": [{"role", "text"}], "labels"}``.

    Rated is ``labels.rated_sentence``, else the last turn of ``labels.rated_role`` (the trainee where none is named). Raises
    ``ValueError`` saying what is missing.
    """
    if not isinstance(record, dict) or not isinstance(record.get("turns"), list) or not isinstance(record.get("labels"), dict):
        raise ValueError("a record needs 'turns' and 'labels'")
    labels = record["labels"]
    role = labels.get("rated_role", "trainee")
    if role not in ("trainee", "customer"):
        raise ValueError(f"rated_role is {role!r}, not 'trainee' or 'customer'")
    try:
        turns = [Turn(role=turn["role"], text=turn["text"]) for turn in record["turns"]]
    except (TypeError, KeyError, ValueError):
        raise ValueError("a turn needs a 'role' (trainee or customer) and a 'text'") from None
    last = max((index for index, turn in enumerate(turns) if turn.role == role), default=None)
    if last is None:
        raise ValueError(f"no turn of the {role}")
    text = labels.get("rated_sentence", turns[last].text)
    return Item(str(text), cast(Role, role), tuple(turns[:last]), labels)


def label(labels: Mapping[str, Any], key: str) -> Any:
    """Return a label by its dotted key (``votes.romance``); a list of numbers gives its mean, nothing gives ``None``."""
    try:
        found = reduce(lambda within, part: within[part], key.split("."), cast(Any, labels))
    except (KeyError, TypeError, IndexError):
        return None
    if isinstance(found, list):
        numbers = [each for each in found if isinstance(each, int | float)]
        return sum(numbers) / len(numbers) if numbers else None
    return float(found) if isinstance(found, bool | int | float) else found


def positives(values: Sequence[Any], rule: str | None) -> np.ndarray:
    """Return which labels count as positive for the AUC.

    ``rule`` is a comparison (``">= 2"``) or, for labels in words, words they hold. Without one: above 0 where labels start at 0,
    else above the median.
    """
    if isinstance(values[0], str):
        if rule is None:
            some = ", ".join(sorted({str(value) for value in values})[:8])
            raise UsageError(
                "These labels are words.", hint=f"Say which count as positive with --positive TEXT; there are: {some}."
            )
        return np.array([rule.casefold() in str(value).casefold() for value in values])
    numbers = np.array(values, float)
    if rule is None:
        return numbers > (0.0 if numbers.min() == 0 else float(np.median(numbers)))
    match = _RULE.match(rule.strip())
    if match is None:
        raise UsageError(f"--positive {rule!r} is not a comparison.", hint="For example --positive '>= 2'.")
    return np.array([_COMPARE[match[1]](number, float(match[2])) for number in numbers])


def score(items: Sequence[Item], wanted: Sequence[str], detector: Detector, scales: Scales) -> dict[str, np.ndarray]:
    """Return each wanted score (a scale or a behaviour; all where none is wanted) of each item.

    Raises :class:`UsageError` for a name that is neither.
    """
    known = [*scales.names, *(each.id for each in detector.catalogue)]
    for name in wanted:
        if name not in known:
            raise unknown("score", name, known)
    names = list(wanted) or known
    out: dict[str, np.ndarray] = {}
    if any(name in scales.names for name in names):
        table = scales.score([each.text for each in items])
        out |= {name: table[:, number] for number, name in enumerate(scales.names) if name in names}
    if any(name not in scales.names for name in names):
        heard = [{one.id: one.strength for one in detector.hear(each.text, each.role, each.before)} for each in items]
        out |= {name: np.array([each.get(name, 0.0) for each in heard]) for name in names if name not in scales.names}
    return {name: out[name] for name in names}


def agree(
    name: str, scores: np.ndarray, values: Sequence[Any], positive: np.ndarray, *, times: int = 1000, seed: int = 0
) -> Agreement:
    """Return the agreement of one score with the labels, with bootstrap intervals over items."""
    numbers = positive.astype(float) if isinstance(values[0], str) else np.array(values, float)

    def figure(statistic: Callable[[np.ndarray, np.ndarray], float], labels: np.ndarray) -> Statistic:
        return Statistic(statistic(scores, labels), *interval(statistic, scores, labels, seed=seed, times=times))

    return Agreement(
        name, len(scores), int(positive.sum()), figure(spearman, numbers), figure(auc, positive), figure(weighted_kappa, numbers)
    )
