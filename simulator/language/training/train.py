"""Make the weights of the built-in ear: ``python -m simulator.language.training.train --data FOLDER``.

FOLDER holds the rated sets as ``labelled/*.jsonl`` and ordinary service dialogues as ``service/*.jsonl`` (records of
``{"id", "turns": [{"role", "text"}], "labels"}``). Weights and figures (``figures.json``) are written; no text of the folder
is kept. Takes about a minute, and as long again for every fold. The network that the scales read with is made by
:mod:`simulator.language.training.distil`, which also says how well the scales agree.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from simulator.domain.behaviour import Catalogue, Role
from simulator.language.cues import Cues
from simulator.language.detector import Detector
from simulator.language.encoder import Encoder
from simulator.language.features import Measures
from simulator.language.meaning import Meaning
from simulator.language.model import Model
from simulator.language.training import scales
from simulator.language.training.behaviours import (
    RARE,
    Example,
    Fit,
    Settings,
    catalogue_examples,
    corpus_examples,
    dialogue_examples,
)
from simulator.language.training.corpus import Labelled, read

HERE = Path(__file__).parent
# By one hand, with one idea of each label; these weigh more than the many turns that several other hands wrote later.
FIRST_TURNS = ("turns_trainee.txt", "turns_customer.txt", "turns_more.txt", "turns_service.txt", "turns_accusations.txt",
               "turns_contrasts.txt", "turns_played.txt")  # fmt: skip
LATER_TURNS = ("turns_trades.txt", "turns_people.txt", "turns_days.txt", "turns_states.txt")
TURNS = (*FIRST_TURNS, *LATER_TURNS)
FIRST_WEIGHT = 2.0
_ANSWERS = ("reciprocates_advance", "avoids_the_limit")
_UNLIKELY = 0.15  # a strength below it makes an unlabelled behaviour of a catalogue example a "no"


def read_catalogue(path: Path) -> Catalogue:
    """Return the behaviours of a catalogue file."""
    import yaml

    return Catalogue.model_validate(yaml.safe_load(path.read_text("utf-8")))


def examples(known: Catalogue, data: Path) -> list[Example]:
    """Return everything the behaviours learn from."""
    first: list[Labelled] = [turn for name in FIRST_TURNS for turn in read(HERE / name, known.ids)]
    later: list[Labelled] = [turn for name in LATER_TURNS for turn in read(HERE / name, known.ids)]
    service = dialogue_examples(data / "service" / "star200.jsonl", known, RARE)
    # People who divide camping supplies explain, want and joke, and complain of nothing.
    bargaining = dialogue_examples(data / "labelled" / "casino.jsonl", known, RARE - {"banters"} | {"complains"}, most=1000)
    written = corpus_examples(first, known, FIRST_WEIGHT) + corpus_examples(later, known)
    return written + catalogue_examples(known) + service + bargaining


def settle(
    found: Sequence[Example], fit: Fit, model: Model, known: Catalogue, cues: Cues, encoder: Encoder, meaning: Meaning
) -> None:
    """Fill in what a first model can tell: what the turns before show, and what catalogue examples do not show besides."""
    ids = [each.id for each in known]
    detector = Detector(known, cues, encoder, meaning, model)
    chances = fit.predict(model)
    heard: dict[tuple[Role, str], frozenset[str]] = {}
    for number, example in enumerate(found):
        turn = example.turn
        if turn.before:
            other: Role = "customer" if turn.role == "trainee" else "trainee"
            if (other, turn.before) not in heard:
                shown = (each.id for each in detector.hear(turn.before, other) if each.shown)
                heard[other, turn.before] = frozenset(shown)
            example.heard_before = heard[other, turn.before]
        if example.source == "catalogue":
            for index, behaviour in enumerate(known):
                if np.isnan(example.wants[index]) and turn.role in behaviour.speakers and not behaviour.after:
                    example.wants[index] = 0.0 if chances[number, index] < _UNLIKELY else np.nan
        for name in _ANSWERS:
            # What can only answer an advance is learnt from answers to an advance alone.
            behaviour = known.behaviours[ids.index(name)]
            if not example.heard_before & set(behaviour.after):
                example.wants[ids.index(name)] = np.nan


def precision_recall(fit: Fit, chances: np.ndarray, known: Catalogue) -> dict[str, tuple[float, float, int]]:
    """Return precision, recall and the number of positives of each behaviour at a strength of 0.5."""
    out = {}
    for index, behaviour in enumerate(known):
        judged = ~np.isnan(fit.wants[:, index])
        wanted, given = fit.wants[judged, index] == 1, chances[judged, index] >= 0.5
        right = int((wanted & given).sum())
        shares = (right / max(1, int(given.sum())), right / max(1, int(wanted.sum())))
        out[behaviour.id] = round(shares[0], 3), round(shares[1], 3), int(wanted.sum())
    return out


def cross_validate(fit: Fit, settings: Settings, folds: int) -> np.ndarray:
    """Return for each turn the strengths from a model that has not seen it."""
    fold = np.random.default_rng(1).permutation(len(fit.examples)) % folds
    out = np.zeros_like(fit.wants)
    for number in range(folds):
        model = fit.train(fold != number, settings)
        out[fold == number] = fit.predict(model)[fold == number]
    return out


def main() -> None:
    """Train, write the weights and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with labelled/ and service/")
    parser.add_argument("--catalogue", type=Path, default=Path("rubrics/behaviours.yaml"), help="the behaviours to learn")
    parser.add_argument("--out", type=Path, default=HERE.parent / "data", help="where the weights are written")
    parser.add_argument("--only", choices=("behaviours", "scales"), help="train only these")
    parser.add_argument("--folds", type=int, default=0, help="cross-validate the behaviours in so many folds too (slow)")
    options = parser.parse_args()
    encoder, known = Encoder.load(), read_catalogue(options.catalogue)
    meaning = Meaning.load(encoder)
    figures: dict[str, dict[str, Any]] = {}
    if options.only != "scales":
        cues = Cues.load()
        found = examples(known, options.data)
        settings = Settings()
        everything = np.ones(len(found), bool)
        fit = Fit(found, known, Measures(cues), encoder, meaning)
        settle(found, fit, fit.train(everything, Settings(steps=60)), known, cues, encoder, meaning)
        fit = Fit(found, known, Measures(cues), encoder, meaning)
        (options.out / "behaviours.npz").write_bytes(fit.train(everything, settings).to_bytes())
        if options.folds:
            figures["behaviours"] = precision_recall(fit, cross_validate(fit, settings, options.folds), known)
    if options.only != "behaviours":
        weights = scales.train(options.data / "labelled", Measures(Cues.load(scales=True)), meaning)
        (options.out / "scales.npz").write_bytes(weights)
    written = options.out / "figures.json"
    before = json.loads(written.read_text("utf-8")) if written.exists() else {}
    written.write_text(json.dumps(before | figures, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
