"""Reading a turn: from raw text to sentences of plain words, in which who is spoken of makes no difference.

Everything the ear measures, it measures on these words: lower case, straight apostrophes, "soooo" as "so", contractions in
one spelling, and names, pronouns and gendered words folded together, so that a swap of identity cannot move a strength.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

from simulator.language import english, people, wordlists

MOST_CHARACTERS = 20_000  # of one turn that are read; the rest of a longer turn is not heard
_SENTENCE = re.compile(r"[^.?!…\n]+(?:[.](?=\w)[^.?!…\n]*)*(?:[.?!…]+['\"’”)]*(?:\s*[;:]-?[)(DPp3]+)?)?|[.?!…]+")
# Letters first: most tokens are words, and no two alternatives begin alike but for ";".
_MARKS = (
    r"|[;:]-?[)(DPp3*]+(?!\w)|<3|\d+(?:[.:,]\d+)*[a-z]{0,2}|[?!]+|[,;…]|\.\.+|[@£$€%&]"
    "|[\U0001f300-\U0001faff\u2600-\u27bf\u2764]"
)
_TOKEN = re.compile(r"[^\W\d_]+(?:['’ʼ`-][^\W\d_]+)*['’]?" + _MARKS)
_STRETCHED = re.compile(r"([^\W\d_])\1{2,}")

_SPELLINGS = wordlists.spellings()


class Sentence(NamedTuple):
    """One sentence: where it stands in the turn (``text[start:end]``) and its words, ``length`` of them not only marks."""

    start: int
    end: int
    words: tuple[str, ...]
    length: int

    @property
    def line(self) -> str:
        """The words between spaces."""
        return line_of(self.words)

    @property
    def asks(self) -> bool:
        """Whether it ends as a question."""
        return any(word[0] == "?" for word in self.words[-2:])


def line_of(words: Sequence[str]) -> str:
    """Return words as cues are looked for in them: between spaces."""
    return f" {' '.join(words)} "


def sentences(text: str) -> list[Sentence]:
    """Return the sentences of a turn that have anything in them, in order; at most :data:`MOST_CHARACTERS` are read."""
    return _read(text)[0]


class _Part(NamedTuple):
    """A sentence by itself: its words, its characters without the ``lead`` of spaces, and counts of what the words are."""

    words: tuple[str, ...]
    lead: int
    width: int
    length: int
    common: int


def _read(text: str) -> tuple[list[Sentence], int, int]:
    """Return the sentences of a turn, and how many words they have, how many of them everyday English ones."""
    if len(text) > MOST_CHARACTERS:
        text = text[:MOST_CHARACTERS]
    found = []
    total = everyday = 0
    shouted = text.isupper()
    for match in _SENTENCE.finditer(text):
        words, lead, width, length, common = _part(match[0], shouted=True) if shouted else _read_before[match[0]]
        if words:
            start = match.start() + lead
            found.append(Sentence(start, start + width, words, length))
            total += len(words)
            everyday += common
    return found, total, everyday


def _part(text: str, *, shouted: bool = False) -> _Part:
    words = _words(text, shouted=shouted)
    lead = len(text) - len(text.lstrip())
    return _Part(words, lead, len(text.strip()), sum([word[0].isalnum() for word in words]), english.common(words))


def counts(word: str) -> bool:
    """Return whether a plain word has a meaning of its own (marks, emoji, names and the folded pronouns have not)."""
    return word[0].isalnum() and word not in _EMPTY


_EMPTY = frozenset({people.NAME, people.THEY, "them"})

_known: dict[str, str] = {}
_LONGEST_KNOWN, _MOST_KNOWN = 40, 15_000  # characters, and how many are remembered before it begins anew


def _plain(token: str) -> str:
    """Return the plain form of a token, without regard to its place in the sentence."""
    if token.isdigit() and token.isascii():
        return _SPELLINGS.get(token, token)
    word = token.casefold().replace("’", "'").replace("ʼ", "'").replace("`", "'")
    if word[-1] == "'" and len(word) > 1:
        word = word[:-1]
        if word.endswith("in") and len(word) > 4:
            word += "g"
    if word[0] in "?!":
        return "?" if "?" in word else "!"
    if word[0] == "." or word == "…":
        return "…"
    if word[0] in ";:":
        return ";)" if word[0] == ";" else ":)" if word[-1] in ")dp3" else ":("
    if _STRETCHED.search(word):
        single = _STRETCHED.sub(r"\1", word)
        double = _STRETCHED.sub(r"\1\1", word)
        word = double if double in _COMMON_DOUBLES else single
    word = _SPELLINGS.get(word, word)
    if word.endswith("'s") and word[:-2] in people.FOLDED and word not in people.FOLDED:
        return f"{people.FOLDED[word[:-2]]}'s"
    return people.FOLDED.get(word, word)


_COMMON_DOUBLES = wordlists.read("doubled letters")


def plain_words(tokens: list[str], *, shouted: bool = False, first: bool = True) -> list[str]:
    """Return the plain words of one sentence's tokens, names folded into one, contracted pairs apart.

    ``first`` is whether the first token opens the sentence.
    """
    out: list[str] = []
    known = _known
    after_they = False
    for number, token in enumerate(tokens):
        word = known.get(token)
        if word is None:
            word = _plain(token)
            if len(token) < _LONGEST_KNOWN:
                if len(known) >= _MOST_KNOWN:
                    known.clear()
                known[token] = word
        if token[0].isupper() and not shouted and people.is_name(token, first=first and number == 0):
            word = people.NAME
        elif after_they:
            word = people.plural_verb(word)
        after_they = word == people.THEY
        if after_they and out:
            out[-1] = people.before_they(out[-1])
        if "-" in word and word in _PAIRS:
            out += _PAIRS[word]
        else:
            out.append(word)
    return out


_PAIRS = {
    "going-to": ("going", "to"), "want-to": ("want", "to"), "got-to": ("got", "to"), "give-me": ("give", "me"),
    "let-me": ("let", "me"),
    "don't-know": ("don't", "know"), "thank-you": ("thank", "you"), "they-are": ("they", "are"), "they-have": ("they", "have"),
    "they-will": ("they", "will"), "they-would": ("they", "would"),
}  # fmt: skip


class _Chunks(dict[str, "tuple[str, ...] | None"]):
    """The plain words of what stands between two spaces: no token goes across a space, and most have been met before.

    ``None`` where they depend on the words around them.
    """

    def __init__(self, *, first: bool) -> None:
        super().__init__()
        self._first = first

    def __missing__(self, chunk: str) -> tuple[str, ...] | None:
        tokens = _TOKEN.findall(chunk)
        words: tuple[str, ...] | None = tuple(plain_words(tokens, first=self._first))
        if (self._first and not tokens) or any((_known.get(token) or _plain(token)) == people.THEY for token in tokens):
            words = None
        if len(chunk) < _LONGEST_KNOWN:
            if len(self) >= _MOST_KNOWN:
                self.clear()
            self[chunk] = words
        return words


_opening, _within = _Chunks(first=True), _Chunks(first=False)


class _Sentences(dict[str, _Part]):
    """Sentences that were read before: at a counter, the same ones are said again and again."""

    _MOST = 10_000
    _LONGEST = 400  # characters; what is longer is hardly ever said twice

    def __missing__(self, text: str) -> _Part:
        part = _part(text)
        if len(text) <= self._LONGEST:
            if len(self) >= self._MOST:
                self.clear()
            self[text] = part
        return part


_read_before = _Sentences()


def _words(sentence: str, *, shouted: bool) -> tuple[str, ...]:
    chunks = sentence.split()
    if chunks and not shouted:
        parts = [_opening[chunks[0]], *map(_within.__getitem__, chunks[1:])]
        if None not in parts:
            return tuple(chain.from_iterable(parts))  # type: ignore[arg-type]
    return tuple(plain_words(_TOKEN.findall(sentence), shouted=shouted))


def understands(text: str) -> bool:
    """Return whether the text is something this ear can hear: words in Latin letters that look like English.

    Emoji alone, other scripts and other languages are not. A bare number, price, "ok" or "no" is.
    """
    return english.likely(text)


def english_sentences(text: str) -> list[Sentence]:
    """Return the sentences of a turn, none where it is not understood; those that repeat themselves on and on are left out."""
    found, total, everyday = _read(text)
    if total > _FEW:
        found = [sentence for sentence in found if not _rambles(sentence.words)]
    if text.isascii() and everyday * 4 >= total:
        return found
    return found if english.likely(text) else []


_FEW, _BEGINNING = 20, 64  # words


def _rambles(words: Sequence[str]) -> bool:
    """Return whether a long sentence says a few words over and over: each would count again and again, and mean everything."""
    beginning = words[:_BEGINNING]
    return len(beginning) > _FEW and len(set(beginning)) * 4 < len(beginning)


def is_question(text: str) -> bool:
    """Return whether the text asks a question, with or without its mark."""
    return any(sentence.asks or _ASKS.match(sentence.line) for sentence in sentences(text))


_ASKS = re.compile(
    r"(?: (?:ok|so|and|but|well|now|right|oh|hi|hello|sorry|please|haha|then|just|,|name))* "
    r"(?:(?:what|when|where|which|who|whose|why|how) "
    r"(?!ever|about that |lovely|nice|kind|sweet|a |an |funny|wonderful|exciting|awful|frustrating)"
    r"(?:is|are|was|were|do|does|did|can|could|would|will|should|have|has|many|much|long|old|often|far|big|soon|size|colour|time|kind|"
    r"sort|one|day|about|exactly|[a-z]+ (?:is|are|was|were|do|does|did|can|could|would|will|should|have|has|am))"
    r"|(?:do|does|did|can|could|would|will|shall|should|may|might|is|are|was|were|have|has|am|don't|didn't|isn't|aren't|won't|can't|"
    r"couldn't|wouldn't|haven't) "
    r"(?:i|you|we|they|it|that|this|there|your|the|anyone|anything) (?!worry|not ))"
)
