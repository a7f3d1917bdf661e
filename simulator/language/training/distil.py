"""Make the network that the ear reads with: ``python -m simulator.language.training.distil --help``.

A small network (:mod:`simulator.language.meaning`) learns to give what a large sentence encoder (``teacher.py``) gives, first on
much unlabelled text (``texts.py``) and the texts written for this purpose, then on the rated texts too, together with guesses
from the teacher's places at the scales and the behaviours (``guesses.py``). For the figures this second step is done once for
each fold without that fold's texts and ratings. Needs ``torch`` (the dependency group ``training``) and some hours, most of
them the teacher's; ``train.py`` then fits the behaviours and the scales.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from simulator.language import reading
from simulator.language.cues import Cues
from simulator.language.encoder import Encoder
from simulator.language.features import Measures
from simulator.language.meaning import UNKNOWN
from simulator.language.training import guesses, rated, scales, texts, train
from simulator.language.training.behaviours import Example
from simulator.language.training.network import OUTPUTS, Read, Schedule, fresh, learn, made, meanings, vocabulary_of
from simulator.language.training.teacher import Space, Teacher

HERE = Path(__file__).parent
REACH = 512  # directions of the teacher's space in which ratings are guessed; the network gives the leading ones
FIRST = Schedule(epochs=6, rate=2e-3, batch=128, blanks=0.05)
SECOND = Schedule(epochs=3, rate=1e-3, batch=64, blanks=0.08)
AGAIN = 44_000  # unlabelled texts that are learnt from in the second step too
_OF_SPACE = 12_000  # unlabelled texts in which the leading directions are found
_AT_ONCE = 4_000  # texts that the teacher reads before they are placed: all its layers of all texts would not fit
_Item = TypeVar("_Item")


@dataclass
class Sources:
    """All texts, one after the other: unlabelled ones, written ones, sentences of turns, and those of each rated set.

    ``rows`` say where each kind is in ``texts``.
    """

    plain: list[str]
    written: list[rated.Written]
    examples: list[Example]  # turns
    sets: Mapping[str, Sequence[Mapping[str, Any]]]  # by file

    def __post_init__(self) -> None:
        said = [(number, each) for number, example in enumerate(self.examples) for each in _sentences(example.turn.text)]
        blocks = {
            "plain": self.plain,
            "written": [each.text for each in self.written],
            "sentences": list(dict.fromkeys(each for _, each in said)),
            **{name: [scales.rated_text(item) for item in items] for name, items in self.sets.items()},
        }
        self.texts: list[str] = []
        self.rows: dict[str, np.ndarray] = {}
        for name, found in blocks.items():
            self.rows[name] = np.arange(len(self.texts), len(self.texts) + len(found))
            self.texts += found
        row_of = dict(zip(blocks["sentences"], self.rows["sentences"].tolist(), strict=True))
        # Which turn says which sentence: a sentence that is said twice is one text.
        self.turns = np.array([number for number, _ in said], np.intp)
        self.said = np.array([row_of[each] for _, each in said], np.intp)

    @property
    def unrated(self) -> np.ndarray:
        """The rows of all texts outside the rated sets."""
        return np.concatenate([self.rows[name] for name in ("plain", "written", "sentences")])

    def known(self, kept: Mapping[str, np.ndarray]) -> dict[str, guesses.Ratings]:
        """Return what is known of every scale when only some texts of each set are ``kept`` (true or false)."""
        out = {}
        for name, target in scales.TARGETS.items():
            mine = [(row, each.scores[name]) for row, each in zip(self.rows["written"], self.written, strict=True)
                    if name in each.scores]  # fmt: skip
            out[name] = guesses.Ratings(
                self.rows[target.file][kept[target.file]],
                scales.degrees_of(self.sets[target.file], target)[kept[target.file]],
                np.array([row for row, _ in mine], np.intp),
                np.array([score for _, score in mine], np.float64),
            )
        return out


def _sentences(text: str) -> list[str]:
    return [text[each.start : each.end] for each in reading.sentences(text)]


class Lesson:
    """What the network is to give for every text of the ``sources``, whose ``places`` (texts, REACH) are the teacher's."""

    def __init__(self, sources: Sources, places: np.ndarray, read: Read) -> None:
        self.sources, self.places, self.read = sources, places, read
        leading = places[:, :OUTPUTS]
        self.wanted: np.ndarray = (leading / np.sqrt((leading[sources.rows["plain"]] ** 2).mean())).astype(np.float32)
        self.behaviours = guesses.of_behaviours(
            places,
            sources.said,
            sources.turns,
            np.stack([example.wants for example in sources.examples]),
            np.array([example.weight for example in sources.examples], np.float32),
        )

    def first(self, words: int, dimensions: int) -> dict[str, Any]:
        """Return the weights after all texts that nobody rated."""
        weights = fresh(words, dimensions)
        learn(weights, self.read, self.sources.unrated, self.wanted, FIRST)
        return weights

    def second(self, base: Mapping[str, Any], fold: int | None) -> dict[str, Any]:
        """Return the weights after the rated texts too, those of one fold excepted (their words as well as their ratings).

        Among them ``guesses`` (outputs, scales): the network's own guesses at the scales, in standard scores over the texts
        that people rated.
        """
        weights = {name: weight.detach().clone().requires_grad_() for name, weight in base.items()}
        rows = self.sources.rows
        kept = {name: np.ones(len(items), bool) if fold is None else scales.in_fold(len(items)) != fold
                for name, items in self.sources.sets.items()}  # fmt: skip
        known = self.sources.known(kept)
        some = np.random.default_rng(7).permutation(rows["plain"])[:AGAIN]
        own = np.concatenate([rows[name][kept[name]] for name in kept])
        told = guesses.of_scales(self.places, known)
        learnt = np.concatenate([some, rows["written"], rows["sentences"], own, own])
        guess = learn(weights, self.read, learnt, self.wanted, SECOND, (told, self.behaviours))
        guess = guess[:, : len(known)].detach().clone()
        for column, each in enumerate(known.values()):
            guess[:, column] /= float((meanings(weights, self.read, each.rows) @ guess[:, column].numpy()).std())
        return weights | {"guesses": guess}


def places_of(found: Sequence[str], sample: Sequence[str], teacher: Teacher) -> np.ndarray:
    """Return (texts, REACH) where the teacher places texts, in the leading directions of a sample of texts."""
    space = Space.of(teacher.of(sample), REACH)
    parts = [found[start : start + _AT_ONCE] for start in range(0, len(found), _AT_ONCE)]
    return np.concatenate([space.place(teacher.of(part)) for part in parts])


def _some(items: Sequence[_Item], most: int | None) -> list[_Item]:
    """Return at most so many items, evenly taken."""
    return list(items) if most is None else list(items[:: max(1, len(items) // most)][:most])


def main() -> None:
    """Teach the network, write it and the figures of the scales."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with labelled/ and service/")
    parser.add_argument("--teacher", type=Path, required=True, help="folder of all-mpnet-base-v2")
    parser.add_argument("--packages", type=Path, required=True, help="folder of unpacked packages with text (see texts.py)")
    parser.add_argument("--catalogue", type=Path, default=Path("rubrics/behaviours.yaml"), help="the behaviours to guess")
    parser.add_argument("--out", type=Path, default=HERE.parent / "data", help="where the weights are written")
    parser.add_argument("--most", type=int, help="learn from so many texts of each kind only, for a trial")
    parser.add_argument("--folds", action="store_true", help="measure the scales too, without each fold in turn")
    options = parser.parse_args()
    encoder, known = Encoder.load(), train.read_catalogue(options.catalogue)
    sets = scales.read_sets(options.data / "labelled")
    plain = texts.gather(options.packages, (scales.rated_text(item) for items in sets.values() for item in items))
    written, examples = rated.gather(), train.examples(known, options.data)
    if options.most is not None:
        plain, written, examples = (_some(plain, options.most), _some(written, options.most), _some(examples, options.most))
        sets = {name: _some(items, options.most) for name, items in sets.items()}
    sources = Sources(plain, written, examples, sets)
    sample = [plain[number] for number in np.random.default_rng(0).permutation(len(plain))[:_OF_SPACE]]
    places = places_of(sources.texts, sample, Teacher(options.teacher))
    vocabulary = vocabulary_of(sources.texts[row] for row in sources.unrated)
    lesson = Lesson(sources, places, Read(sources.texts, vocabulary, encoder))
    base = lesson.first(len(vocabulary) + UNKNOWN + 1, encoder.dimensions)
    (options.out / "meaning.npz").write_bytes(made(vocabulary, lesson.second(base, None), encoder).to_bytes())
    if options.folds:
        without = [made(vocabulary, lesson.second(base, fold), encoder) for fold in range(scales.FOLDS)]
        figures = scales.cross_validate(sets, Measures(Cues.load(scales=True)), without)
        path = options.out / "figures.json"
        before = json.loads(path.read_text("utf-8")) if path.exists() else {}
        path.write_text(json.dumps(before | {"scales": figures}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
