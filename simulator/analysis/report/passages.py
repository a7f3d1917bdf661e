"""The words around a finding: the turns that are quoted, with the quote marked, and those beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, replace

from simulator.batch.readers import Rejected
from simulator.domain.behaviour import Role
from simulator.domain.grade import Evidence
from simulator.domain.text import clean
from simulator.domain.transcript import Transcript
from simulator.grading.evidence import locate

TURNS_BEFORE, TURNS_AFTER = 2, 1
MOST_QUOTES = 4
MOST_CHARS_BESIDE = 400
MOST_CHARS_QUOTED = 4000
"""Characters of a quoted turn up to which it is shown whole; of a longer one the quotes and what is around them."""
_MOST_OF_ONE_ID = 4


@dataclass(frozen=True, slots=True)
class Spoken:
    """One turn of a conversation: its number, whose it is, the speaker's name where the file has one, and the words."""

    turn: int
    role: Role
    speaker: str
    text: str


Conversation = tuple[Spoken, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """Words of a turn; ``quoted`` where they are the evidence."""

    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A turn as it is shown. ``follows`` is false where turns before it are left out."""

    turn: int
    role: Role
    speaker: str
    pieces: tuple[Piece, ...]
    follows: bool


@dataclass(frozen=True, slots=True)
class Passage:
    """A finding's quotes in their place. ``elsewhere`` are the turns of quotes beyond the first few."""

    lines: tuple[Line, ...]
    elsewhere: tuple[int, ...] = ()


def conversation_of(transcript: Transcript) -> Conversation:
    """Return the words of a transcript, safe to show."""
    spoken = []
    for number, turn in enumerate(transcript.turns, 1):
        speaker = (turn.model_extra or {}).get("speaker")
        spoken.append(Spoken(number, turn.role, clean(str(speaker), keep_newlines=False) if speaker else "", clean(turn.text)))
    return tuple(spoken)


class Conversations:
    """The conversations that a report shows words of, by transcript id."""

    def __init__(self) -> None:
        self._found: dict[str, list[Conversation]] = {}

    def gather(self, transcripts: Iterable[Transcript | Rejected], wanted: Set[str]) -> None:
        """Keep the wanted ones out of a stream of transcripts. One id may stand for several that differ: all are kept."""
        for each in transcripts:
            if isinstance(each, Rejected) or each.id not in wanted:
                continue
            conversation = conversation_of(each)
            held = self._found.setdefault(each.id, [])
            if conversation not in held and len(held) < _MOST_OF_ONE_ID:
                held.append(conversation)

    def __contains__(self, transcript: str) -> bool:
        return transcript in self._found

    def holding(self, transcript: str, evidence: Sequence[Evidence]) -> Conversation | None:
        """Return the conversation of this id in which all these words are; ``None`` where there is none."""
        for conversation in self._found.get(transcript, ()):
            if all(_holds(conversation, each) for each in evidence):
                return conversation
        return None

    def items(self) -> Iterator[tuple[str, Conversation]]:
        """Yield ids and their conversations."""
        for transcript, held in self._found.items():
            for conversation in held:
                yield transcript, conversation


def _holds(conversation: Conversation, evidence: Evidence) -> bool:
    return evidence.turn <= len(conversation) and locate(conversation[evidence.turn - 1].text, evidence.quote) is not None


def passage(conversation: Conversation, evidence: Sequence[Evidence]) -> Passage:
    """Return quotes in their place: each quoted turn whole, two turns before and one after it."""
    shown = evidence[:MOST_QUOTES]
    quotes: dict[int, list[str]] = {}
    for each in shown:
        quotes.setdefault(each.turn, []).append(each.quote)
    numbers = sorted({
        number
        for turn in quotes
        for number in range(max(1, turn - TURNS_BEFORE), min(len(conversation), turn + TURNS_AFTER) + 1)
    })  # fmt: skip
    lines = []
    before = 0
    for number in numbers:
        spoken = conversation[number - 1]
        pieces = around(marked(spoken.text, quotes[number])) if number in quotes else (_cut(spoken.text, MOST_CHARS_BESIDE),)
        lines.append(Line(number, spoken.role, spoken.speaker, pieces, number == before + 1))
        before = number
    elsewhere = dict.fromkeys(each.turn for each in evidence[MOST_QUOTES:] if each.turn not in quotes)
    return Passage(tuple(lines), tuple(elsewhere))


def quoted_alone(evidence: Sequence[Evidence]) -> Passage:
    """Return quotes without their conversation, where it is not to be had."""
    lines = [
        Line(each.turn, "trainee", "", (replace(_cut(clean(each.quote), MOST_CHARS_QUOTED), quoted=True),), follows=False)
        for each in evidence[:MOST_QUOTES]
    ]
    return Passage(tuple(lines), tuple(dict.fromkeys(each.turn for each in evidence[MOST_QUOTES:])))


def whole(conversation: Conversation) -> Passage:
    """Return a conversation from beginning to end, very long turns cut."""
    lines = (
        Line(each.turn, each.role, each.speaker, (_cut(each.text, MOST_CHARS_QUOTED),), follows=True) for each in conversation
    )
    return Passage(tuple(lines))


def marked(text: str, quotes: Sequence[str]) -> tuple[Piece, ...]:
    """Return a turn's words with the quotes marked; overlapping ones become one."""
    spans = []
    for quote in quotes:
        found = locate(text, quote)
        if found:
            at = text.index(found)
            spans.append((at, at + len(found)))
    pieces: list[Piece] = []
    at = 0
    for begin, end in _merged(spans):
        if begin > at:
            pieces.append(Piece(text[at:begin]))
        pieces.append(Piece(text[begin:end], quoted=True))
        at = end
    if at < len(text):
        pieces.append(Piece(text[at:]))
    return tuple(pieces)


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    out: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if out and begin <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((begin, end))
    return out


def around(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """Return the pieces of a turn, without most of what is far from its quotes where it is very long."""
    if sum(len(each.text) for each in pieces) <= MOST_CHARS_QUOTED:
        return pieces
    out = []
    for at, each in enumerate(pieces):
        if each.quoted:
            out.append(replace(_cut(each.text, MOST_CHARS_QUOTED), quoted=True))
            continue
        most = MOST_CHARS_BESIDE
        before = each.text[:most] if at > 0 else ""
        after = each.text[-most:] if at < len(pieces) - 1 else ""
        out.append(each if len(each.text) <= 2 * most else Piece(f"{before}…{after}"))
    return tuple(out)


def _cut(text: str, most: int) -> Piece:
    return Piece(text if len(text) <= most else text[: most - 1].rstrip() + "…")
