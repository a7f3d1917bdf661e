"""What is measured of a sentence: words and pairs of words, word classes, cues, shape, and what was said before."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping

from simulator.domain.behaviour import Role
from simulator.language.cues import VETO, VETO_TURN, Cue, Cues
from simulator.language.reading import Sentence

# What the other has just said, as far as it changes the meaning of an answer.
_CONTEXTS: Mapping[str, tuple[str, ...]] = {
    "advance": ("makes_advance", "shows_intimate_interest", "compliments_appearance", "makes_innuendo", "tests_boundary",
                "asks_contact_details"),
    "no": ("names_a_limit_kindly", "names_a_limit_coldly"),
    "accused": ("accuses",),
    "upset": ("complains", "voices_feeling"),
}  # fmt: skip
LENGTHS = (1, 2, 3, 5, 8, 12, 18, 30)  # in words: where one bucket of lengths ends
_CROSSED = 10  # words and marks: in short answers, each word also counts together with what was said before


def contexts(behaviours: Collection[str]) -> tuple[str, ...]:
    """Return which contexts the other's last turn sets, given the behaviours heard in it."""
    return tuple(name for name, ids in _CONTEXTS.items() if any(each in behaviours for each in ids))


def behaviours_of_contexts() -> Mapping[str, tuple[str, ...]]:
    """Return, for each context there is, the behaviours of the other's that set it."""
    return _CONTEXTS


class Measures:
    """Names the features of sentences. Shared by training and use, so that both measure the same."""

    def __init__(self, cues: Cues) -> None:
        self.cues = cues
        self._class: dict[str, str] = {}
        for name, members in cues.classes.items():
            for member in members:
                if " " not in member:
                    self._class.setdefault(member, f"@{name}")

    def kind(self, word: str) -> str:
        """Return the class of a word, after an "@", or the word itself where it is in none."""
        return self._class.get(word) or ("@number" if word[0].isdigit() else word)

    def of(self, sentence: Sentence, role: Role, *, turn_words: int, alone: bool) -> list[str]:
        """Return the names of a sentence's own features; a name may come twice, and then counts twice.

        ``turn_words`` is the length of the whole turn in words, ``alone`` whether the sentence is all of it.
        """
        words = sentence.words
        kinds = [self.kind(word) for word in words]
        out = list(words)
        out += [f"{a} {b}" for a, b in zip(("^", *words), (*words, "$"), strict=True)]
        out += [f"{a} {b} {c}" for a, b, c in zip(("^", *words), words, (*words[1:], "$"), strict=False)]
        out += [f"{a} {b}" for a, b in zip(["^", *kinds], [*kinds, "$"], strict=True) if a[0] == "@" or b[0] == "@"]
        out += [kind for kind in kinds if kind[0] == "@"]
        length = sentence.length
        out.append(f"#{role}")
        if alone:
            out.append("#alone")
            out.append(f"#alone{bucket(length)}")
        out.append(f"#words{bucket(length)}")
        out.append(f"#turn{bucket(turn_words)}")
        if sentence.asks:
            out.append("#asks")
            out.append(f"#asks {words[0]}")
        if words[-1] == "!":
            out.append("#exclaims")
        for cue in self.cues.find(words, sentence.line):
            out.append(cue_feature(cue))
        return out


def cue_feature(cue: Cue) -> str:
    """Return the name of the feature that a sentence has where a cue matches."""
    return f"{'-' if cue.strength in (VETO, VETO_TURN) else '+'}{cue.behaviour}"


def after(sentence: Sentence, context: Iterable[str]) -> list[str]:
    """Return the names of the features that a sentence has because of what was said before it."""
    words = sentence.words
    out = []
    for name in context:
        out.append(f"#after-{name}")
        if len(words) <= _CROSSED:
            out += [f"{name}|{word}" for word in words]
            out += [f"{name}|{a} {b}" for a, b in zip(("^", *words), (*words, "$"), strict=True)]
    return out


def bucket(length: int) -> int:
    """Return which of the buckets of :data:`LENGTHS` a length in words falls into."""
    return bisect_left(LENGTHS, length)
