"""Reading transcripts from plain text and subtitles."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator

from simulator.batch.lines import Lines
from simulator.batch.records import Reading, Rejected, UnreadableError, stem, transcript_of, whole_text
from simulator.domain.transcript import Transcript

_CLOCK = (
    r"(?:(?:\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./]\d{2,4}),?[T\s]\s*)?"
    r"\d{1,2}:\d\d(?::\d\d)?(?:[.,]\d{1,3})?(?:\s?[AaPp]\.?[Mm]\.?)?Z?"
)
# "Ann: words", "[00:12] Ann: words", "12:01 Ann: words", "2024-05-01 12:01:30 - Ann: words", "Ann (12:01): words".
SPOKEN = re.compile(
    rf"^\s*(?P<before>(?:\[[^\]]{{1,30}}\]|\({_CLOCK}\)|{_CLOCK})\s*[-–|>]?\s*)?"
    r"(?P<name>[^\W\d_][\w .'’-]{0,40}?)"
    rf"(?P<after>\s*[(\[]{_CLOCK}[)\]])?\s*(?::(?:\s+|$)|：\s*)(?P<words>.*)$"
)
_RULE = re.compile(r"\s*([-=_*#~])\1{2,}\s*")
_CUE_TIME = re.compile(r"^\s*(?:\d+:)?\d{1,2}:\d{2}[.,]\d{3}\s+-->\s")
_CUE_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]+)>")
_CUE_TAG = re.compile(r"</?[a-zA-Z0-9:.][^>]*>")


class _Spoken:
    """The turns of one conversation as they are found, line by line."""

    def __init__(self, begun: int = 1) -> None:
        self.begun = begun
        self.said: list[tuple[str, list[str]]] = []
        self._stamped = self._alone = False

    def begins(self, line: str) -> re.Match[str] | None:
        """Return the match where a line begins a turn, in the way in which the first turn began.

        Where the first had a time, every turn has one: other lines with a colon are words. A name alone on its line is one
        where the first was alone too, or where it is the name of somebody who has spoken.
        """
        match = SPOKEN.match(line)
        if match is None or not self.said:
            return match
        if self._stamped and not (match["before"] or match["after"]):
            return None
        known = self._alone or match["name"].casefold() in {name.casefold() for name, _ in self.said}
        return match if match["words"] or known else None

    def begin(self, match: re.Match[str]) -> None:
        """Begin a turn."""
        if not self.said:
            self._stamped = bool(match["before"] or match["after"])
            self._alone = not match["words"]
        self.said.append((match["name"].strip(), [match["words"]] if match["words"] else []))

    def record(self, label: str, between: str) -> dict[str, object]:
        """Return the conversation as a record."""
        return {"id": label, "turns": [{"role": name, "text": between.join(words)} for name, words in self.said]}


def read_text(lines: Lines, name: str, reading: Reading) -> Iterator[Transcript | Rejected]:
    """Read ``Speaker: words``; lines without a speaker go on with what was said last.

    A line of dashes or the like (``---``) before a turn ends one conversation and begins another.
    """
    spoken, count, rule, astray = _Spoken(), 0, "", False
    for number, ended in enumerate(lines, 1):
        line = ended.rstrip("\r\n")
        if not line.strip():
            continue
        if _RULE.fullmatch(line):
            rule = line.strip()
            continue
        begins = (_Spoken() if rule else spoken).begins(line)
        if rule and begins:
            if spoken.said:
                count += 1
                yield _transcript(spoken, "\n", count, name, reading)
            spoken, astray = _Spoken(number), False
        elif rule and spoken.said:
            spoken.said[-1][1].append(rule)
        rule = ""
        if begins and not astray:
            spoken.begin(begins)
        elif spoken.said:
            spoken.said[-1][1].append(line.strip())
        elif not astray:
            astray = True
            yield Rejected(name, number, "expected 'Speaker: words'", line)
    if spoken.said or not (astray or count):
        yield _transcript(spoken, "\n", count + 1, name, reading)


def read_vtt(lines: Lines, name: str, reading: Reading) -> Iterator[Transcript | Rejected]:
    """Read WebVTT: who speaks is in voice tags or before a colon; cues without either go on with what was said last."""
    spoken = _Spoken()
    in_cue = False
    for number, line in enumerate(lines, 1):
        if _CUE_TIME.match(line):
            in_cue = True
        elif not line.strip():
            in_cue = False
        elif in_cue:
            for speaker, words in _voices(line):
                if spoken.said and speaker in ("", spoken.said[-1][0]):
                    spoken.said[-1][1].append(words)
                elif speaker:
                    spoken.said.append((speaker, [words]))
                else:
                    reason = "it does not say who speaks; expected '<v Speaker>words' or 'Speaker: words'"
                    yield Rejected(name, number, reason, line.rstrip("\r\n"))
                    return
    yield _transcript(spoken, " ", 1, name, reading)


def _voices(line: str) -> Iterator[tuple[str, str]]:
    """Yield who says what in a line of a cue; ``""`` where it does not say who."""
    before, *voiced = _CUE_VOICE.split(line)
    if words := _plain(before):
        match = SPOKEN.match(words)
        yield (match["name"].strip(), match["words"]) if match else ("", words)
    for speaker, said in zip(voiced[::2], voiced[1::2], strict=True):
        yield html.unescape(speaker).strip(), _plain(said)


def _plain(words: str) -> str:
    return html.unescape(_CUE_TAG.sub("", words)).strip()


def _transcript(spoken: _Spoken, between: str, count: int, name: str, reading: Reading) -> Transcript | Rejected:
    label = stem(name) if count == 1 else f"{stem(name)}-{count}"
    record = whole_text(spoken.record(label, between))
    try:
        return transcript_of(record, f"{name}:{spoken.begun}", label, reading)
    except UnreadableError as error:
        return Rejected(name, spoken.begun, str(error), json.dumps(record["turns"], ensure_ascii=False))
