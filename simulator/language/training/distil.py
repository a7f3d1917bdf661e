"""Make the network that the scales read with: ``python -m simulator.language.training.distil --help``.

A small network (:mod:`simulator.language.meaning`) learns to give what a large sentence encoder (``teacher.py``) gives, first on
much unlabelled text (``texts.py``), then on the rated texts too, together with the teacher's own guesses at the ratings. For the
figures this second step is done once for each fold without that fold's texts and ratings. Needs ``torch`` (the dependency group
``training``) and an hour; ``train.py --only scales`` then fits the scales.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from simulator.language import reading
from simulator.language.cues import Cues
from simulator.language.encoder import Encoder
from simulator.language.features import Measures
from simulator.language.meaning import UNKNOWN, Meaning, tokens, word_vectors
from simulator.language.training import scales, texts
from simulator.language.training.teacher import Space, Teacher

HERE = Path(__file__).parent
WORDS, WIDTH, INNER, LAYERS, HEADS, PLACES, OUTPUTS = 6000, 128, 256, 2, 4, 64, 256
LEAST_COUNT = 5  # of a word among the texts, to have a vector of its own
REACH = 512  # directions of the teacher's space in which ratings are guessed
STRENGTH = 2.0  # of the ridge of those guesses, beside texts of unit size
GUESSES = 0.5  # how much the guesses count beside the meaning
_CLIP = 4.0


@dataclass(frozen=True)
class Schedule:
    """How long and how fast it learns; ``blanks`` is the share of words hidden from it."""

    epochs: int
    rate: float
    batch: int
    blanks: float


FIRST = Schedule(epochs=6, rate=2e-3, batch=128, blanks=0.05)
SECOND = Schedule(epochs=2, rate=1e-3, batch=64, blanks=0.05)


class Read:
    """Texts as the network takes them in."""

    def __init__(self, found: Sequence[str], vocabulary: Mapping[str, int], encoder: Encoder) -> None:
        words = [tokens(reading.sentences(text)) for text in found]
        self.ids = [[vocabulary.get(word, UNKNOWN) for word in each] for each in words]
        self._words, self._encoder = words, encoder

    def batch(self, rows: np.ndarray, torch: Any) -> tuple[Any, Any, Any]:
        """Return words (n, longest), their vectors (n, longest, dimensions) and which places are filled (n, longest)."""
        longest = max(len(self.ids[row]) for row in rows)
        ids = np.zeros((len(rows), longest), np.int64)
        vectors = np.zeros((len(rows), longest, self._encoder.dimensions), np.float32)
        for place, row in enumerate(rows):
            ids[place, : len(self.ids[row])] = self.ids[row]
            vectors[place, : len(self.ids[row])] = word_vectors(self._words[row], self._encoder)
        return torch.as_tensor(ids), torch.as_tensor(vectors), torch.as_tensor((ids > 0).astype(np.float32))


def vocabulary_of(found: Sequence[str]) -> dict[str, int]:
    """Return the words that have vectors of their own, the commonest first."""
    counts = Counter(word for text in found for word in tokens(reading.sentences(text)))
    common = [word for word, count in counts.most_common(WORDS) if count >= LEAST_COUNT]
    return {word: number + UNKNOWN + 1 for number, word in enumerate(common)}


def fresh(words: int, dimensions: int, torch: Any) -> dict[str, Any]:
    """Return untrained weights, named as in :class:`Meaning`."""

    def matrix(rows: int, columns: int) -> Any:
        return (torch.rand(rows, columns) * 2 - 1) * rows**-0.5

    size = WIDTH
    out = {"words": torch.randn(words, size) * 0.1, "places": torch.zeros(PLACES, size)}
    shapes = {"vectors": (dimensions, size), "heed": (size, HEADS), "out": (3 * size, OUTPUTS)}
    norms = ["start"]
    for layer in range(LAYERS):
        shapes |= {f"ask.{layer}": (size, 3 * size), f"answer.{layer}": (size, size)}
        shapes |= {f"inner.{layer}": (size, INNER), f"outer.{layer}": (INNER, size)}
        norms += [f"answered.{layer}", f"thought.{layer}"]
    for name, (rows, columns) in shapes.items():
        out |= {name: matrix(rows, columns), _bias(name): torch.zeros(columns)}
    for name in norms:
        out |= {f"{name}*": torch.ones(size), f"{name}+": torch.zeros(size)}
    return {name: weight.requires_grad_() for name, weight in out.items()}


def _bias(name: str) -> str:
    part, dot, layer = name.partition(".")
    return f"{part}+{dot}{layer}"


def forward(weights: Mapping[str, Any], ids: Any, vectors: Any, mask: Any, torch: Any) -> Any:
    """Return (n, outputs) meanings of a batch; the same sums as :meth:`Meaning.of`."""
    functional = torch.nn.functional

    def linear(x: Any, name: str) -> Any:
        return x @ weights[name] + weights[_bias(name)]

    def normed(x: Any, name: str) -> Any:
        return functional.layer_norm(x, (WIDTH,), weights[f"{name}*"], weights[f"{name}+"], 1e-5)

    count, length = ids.shape
    places = weights["places"][torch.arange(length).clamp(max=PLACES - 1)]
    x = normed(weights["words"][ids] + places + linear(vectors, "vectors"), "start")
    hidden = ((1 - mask) * -1e4)[:, None, None, :]
    for layer in range(LAYERS):
        asked = linear(x, f"ask.{layer}").view(count, length, 3, HEADS, WIDTH // HEADS)
        query, key, value = asked.permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(query, key, value, attn_mask=hidden).transpose(1, 2)
        x = normed(x + linear(seen.reshape(count, length, WIDTH), f"answer.{layer}"), f"answered.{layer}")
        x = normed(x + linear(torch.relu(linear(x, f"inner.{layer}")), f"outer.{layer}"), f"thought.{layer}")
    filled = mask[:, :, None]
    share = linear(x, "heed").masked_fill(filled == 0, -1e4).softmax(1)
    heeded = (x.view(count, length, HEADS, WIDTH // HEADS) * share[..., None]).sum(1).reshape(count, WIDTH)
    mean = (x * filled).sum(1) / filled.sum(1)
    most = x.masked_fill(filled == 0, -1e4).amax(1)
    return linear(torch.cat([heeded, mean, most], 1), "out")


def learn(weights: Mapping[str, Any], read: Read, rows: np.ndarray, targets: np.ndarray, schedule: Schedule,
          guesses: np.ndarray | None = None, guess: Mapping[str, Any] | None = None) -> None:  # fmt: skip
    """Teach the network (in place) to give ``targets`` (texts, outputs) and, through ``guess``, the ``guesses`` (texts, scales).

    ``rows`` are the texts to learn from; one that stands there twice counts twice.
    """
    import torch

    order = np.random.default_rng(0)
    parameters = [*weights.values(), *(guess or {}).values()]
    optimiser = torch.optim.AdamW(parameters, lr=schedule.rate, weight_decay=0.01)
    steps = schedule.epochs * (len(rows) // schedule.batch + len(rows) // (schedule.batch * 50) + 2)
    slope = torch.optim.lr_scheduler.OneCycleLR(optimiser, schedule.rate, total_steps=steps, pct_start=0.1)
    lengths = np.array([len(ids) for ids in read.ids])
    for _ in range(schedule.epochs):
        for batch in _batches(order.permutation(rows), lengths, schedule.batch, order):
            ids, vectors, mask = read.batch(batch, torch)
            ids = torch.where((torch.rand(ids.shape) < schedule.blanks) & (ids > 0), UNKNOWN, ids)
            given = forward(weights, ids, vectors, mask, torch)
            loss = ((given - torch.as_tensor(targets[batch])) ** 2).mean()
            if guess is not None and guesses is not None:
                told = given @ guess["weights"] + guess["bias"]
                loss = loss + GUESSES * ((told - torch.as_tensor(guesses[batch])) ** 2).mean()
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimiser.step()
            slope.step()


def _batches(rows: np.ndarray, lengths: np.ndarray, size: int, order: np.random.Generator) -> list[np.ndarray]:
    """Return batches of texts of like length, in any order."""
    out = []
    for start in range(0, len(rows), size * 50):
        chunk = rows[start : start + size * 50]
        chunk = chunk[np.argsort(lengths[chunk], kind="stable")]
        out += [chunk[first : first + size] for first in range(0, len(chunk), size)]
    return [out[number] for number in order.permutation(len(out))]


def guesses_of(places: np.ndarray, rated: Mapping[str, np.ndarray], ratings: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return (texts, scales) what ridge regression in the teacher's space guesses of the texts at ``places``, in standard scores.

    ``rated`` are the places of each scale's rated texts, ``ratings`` what people said of them.
    """
    out = []
    for name, known in rated.items():
        centred = known - known.mean(axis=0)
        strength = STRENGTH * float((known**2).sum(axis=1).mean()) * np.eye(known.shape[1])
        wanted = ratings[name] - ratings[name].mean()
        slope = np.linalg.solve(centred.T @ centred + strength, centred.T @ wanted)
        out.append((places - known.mean(axis=0)) @ slope / (known @ slope).std())
    told: np.ndarray = np.clip(np.stack(out, axis=1), -_CLIP, _CLIP).astype(np.float32)
    return told


@dataclass
class Lesson:
    """What is learnt from: unlabelled texts first, then the rated ones, and where the teacher places each."""

    texts: list[str]
    places: np.ndarray
    rated: Mapping[str, np.ndarray]  # the rows of each set's texts, by its file

    def second(self, base: Mapping[str, Any], read: Read, sets: Mapping[str, Any], fold: int | None) -> dict[str, Any]:
        """Return the weights after the rated texts too, those of one fold excepted (their words as well as their ratings)."""
        import torch

        weights = {name: weight.detach().clone().requires_grad_() for name, weight in base.items()}
        kept = {
            name: np.ones(len(rows), bool) if fold is None else scales.in_fold(len(rows)) != fold
            for name, rows in self.rated.items()
        }
        first = min(rows[0] for rows in self.rated.values())
        some = np.random.default_rng(7).permutation(first)[:15_500]
        own = np.concatenate([rows[kept[name]] for name, rows in self.rated.items()])
        targets = scales.TARGETS
        known = {name: self.places[self.rated[target.file][kept[target.file]]] for name, target in targets.items()}
        ratings = {name: scales.ratings_of(sets[target.file], target)[kept[target.file]] for name, target in targets.items()}
        guesses = guesses_of(self.places, known, ratings)
        guess = {
            "weights": torch.zeros(OUTPUTS, len(targets), requires_grad=True),
            "bias": torch.zeros(len(targets), requires_grad=True),
        }
        scaled = self.scaled
        # From the teacher's own places the guesses are nearly linear: start there.
        sample = np.concatenate([some[:6000], own])
        slope, *_ = np.linalg.lstsq(scaled[sample], guesses[sample], rcond=None)
        guess["weights"].data += torch.as_tensor(slope)
        learn(weights, read, np.concatenate([some, own, own]), scaled, SECOND, guesses, guess)
        return weights

    @property
    def scaled(self) -> np.ndarray:
        """What the network is to give: the leading places, on one scale."""
        leading = self.places[:, :OUTPUTS]
        out: np.ndarray = (leading / np.sqrt((leading**2).mean())).astype(np.float32)
        return out


def made(vocabulary: Mapping[str, int], weights: Mapping[str, Any]) -> Meaning:
    """Return the network in its shipped form, its weights rounded."""
    plain = {name: weight.detach().numpy() for name, weight in weights.items()}
    return Meaning.from_bytes(Meaning(vocabulary, plain, HEADS).to_bytes())


def main() -> None:
    """Teach the network, write it and the figures of the scales."""
    import torch

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with labelled/")
    parser.add_argument("--teacher", type=Path, required=True, help="folder of all-mpnet-base-v2")
    parser.add_argument("--packages", type=Path, required=True, help="folder of unpacked packages with text (see texts.py)")
    parser.add_argument("--out", type=Path, default=HERE.parent / "data", help="where the weights are written")
    parser.add_argument("--most", type=int, help="learn from so many texts only, for a trial")
    parser.add_argument("--folds", action="store_true", help="measure the scales too, without each fold in turn")
    options = parser.parse_args()
    torch.manual_seed(0)
    encoder = Encoder.load()
    sets = scales.read_sets(options.data / "labelled")
    plain = texts.gather(options.packages)[: options.most]
    rated, found = {}, list(plain)
    for name, items in sets.items():
        rated[name] = np.arange(len(found), len(found) + len(items))
        found += [scales.rated_text(item) for item in items]
    vectors = Teacher(options.teacher).of(found)
    space = Space.of(vectors[: len(plain)][:12_000], REACH)
    lesson = Lesson(found, space.place(vectors), rated)
    vocabulary = vocabulary_of(plain)
    read = Read(found, vocabulary, encoder)
    base = fresh(len(vocabulary) + UNKNOWN + 1, encoder.dimensions, torch)
    learn(base, read, np.arange(len(plain)), lesson.scaled, FIRST)
    (options.out / "meaning.npz").write_bytes(made(vocabulary, lesson.second(base, read, sets, None)).to_bytes())
    if options.folds:
        without = [made(vocabulary, lesson.second(base, read, sets, fold)) for fold in range(scales.FOLDS)]
        figures = scales.cross_validate(options.data / "labelled", Measures(Cues.load(scales=True)), encoder, without)
        written = options.out / "figures.json"
        before = json.loads(written.read_text("utf-8")) if written.exists() else {}
        written.write_text(json.dumps(before | {"scales": figures}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
