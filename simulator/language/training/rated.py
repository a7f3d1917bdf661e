"""Reading the texts that were written, with ratings, in the manner of the rated sets (``rated/*.txt``): more for the network.

One text a line, ``RATINGS | TEXT``; lines that begin with ``#`` are comments. Which ratings a file has, and what each says of
which scale, is the table :data:`FORMS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from simulator.language.training.corpus import CorpusError

HERE = Path(__file__).parent / "rated"


@dataclass(frozen=True)
class Form:
    """A kind of file: the rated set whose manner it has, its ratings with their least and most (or their words), its scales.

    ``scales`` say how strongly a text shows each scale, given its ratings: nearly as the set's own ratings are fitted.
    """

    like: str
    ratings: Mapping[str, tuple[float, float]]
    scales: Mapping[str, Callable[[Sequence[float]], float]]
    words: tuple[str, ...] = ()  # a file of words has one rating: which of these it is


_REQUESTS = Form("stanford_politeness", {"politeness": (-2, 2)}, {"politeness": lambda it: it[0]})
FORMS: Mapping[str, Form] = {
    "requests_wiki.txt": _REQUESTS,
    "requests_forum.txt": _REQUESTS,
    "support.txt": Form(
        "epitome_reddit",
        {"emotional_reaction": (0, 2), "interpretation": (0, 2), "exploration": (0, 2)},
        {"emotional_reaction": lambda it: it[0], "interpretation": lambda it: it[1], "exploration": lambda it: it[2]},
    ),
    "chatbot.txt": Form(
        "convabuse",
        {"severity": (-3, 1), "sexual": (0, 2)},  # severity as ConvAbuse has it: below 0 is abuse, 1 is not
        {"abuse": lambda it: max(0.0, -it[0]), "sexual_harassment": lambda it: it[1] / 2},
    ),
    "relations.txt": Form(
        "ten_dims",
        {"romance": (0, 3), "conflict": (0, 3)},
        {"romance": lambda it: min(1.5, it[0]), "conflict": lambda it: min(2.0, it[1])},
    ),
    "remarks.txt": Form(
        "edos",
        {"kind": (0, 4)},
        {"objectification": lambda it: float(it[0] == 0)},
        words=("objectification", "backhanded", "condescending", "other", "none"),
    ),
}


@dataclass(frozen=True)
class Written:
    """One text, the rated set whose manner it has, and how strongly it shows some scales, by their names."""

    text: str
    like: str
    scores: Mapping[str, float]


def read(path: Path) -> list[Written]:
    """Read one of the files of :data:`FORMS`.

    Raises :class:`CorpusError` with file and line for a line without a text or with ratings that are not the file's.
    """
    form = FORMS[path.name]
    out: list[Written] = []
    for number, raw in enumerate(path.read_text("utf-8").splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        place = f"{path.name}:{number}"
        ratings, bar, text = line.partition(" | ")
        if not bar or not text.strip():
            raise CorpusError(f"{place}: not RATINGS | TEXT: {line}")
        found = _ratings(ratings.split(), form, place)
        out.append(Written(text.strip(), form.like, {name: score(found) for name, score in form.scales.items()}))
    return out


def _ratings(found: Sequence[str], form: Form, place: str) -> list[float]:
    if len(found) != len(form.ratings):
        raise CorpusError(f"{place}: {len(found)} ratings, not {len(form.ratings)} ({', '.join(form.ratings)})")
    if form.words:
        if found[0] not in form.words:
            raise CorpusError(f"{place}: no kind {found[0]} ({', '.join(form.words)})")
        return [float(form.words.index(found[0]))]
    out = []
    for said, (name, (least, most)) in zip(found, form.ratings.items(), strict=True):
        try:
            value = float(said)
        except ValueError:
            raise CorpusError(f"{place}: {name} is no number: {said}") from None
        if not least <= value <= most:
            raise CorpusError(f"{place}: {name} is {said}, not from {least} to {most}")
        out.append(value)
    return out


def gather(folder: Path = HERE) -> list[Written]:
    """Return the texts of every file, each text once.

    Raises :class:`FileNotFoundError` when a file is missing, and what :func:`read` raises.
    """
    out: dict[str, Written] = {}
    for name in FORMS:
        for each in read(folder / name):
            out.setdefault(each.text, each)
    return list(out.values())
