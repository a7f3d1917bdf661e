"""A reply on its way in: safe to show, without thoughts, whatever pieces it arrives in.

Escape sequences, surrogate pairs and thinking tags may be split between pieces; what could still become one is held back
until it is clear.
"""

from __future__ import annotations

import re

from simulator.domain.text import clean

# The beginning of something that `clean` treats as one: a control or string sequence, a pair of surrogates.
_UNFINISHED = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*\Z"
    r"|((?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])(?:(?!\x07|\x1b\\|\x9c).)*)\Z"
    r"|\x1b[ -/]*\Z"
    r"|[\ud800-\udbff]\Z",
    re.DOTALL,
)
_STRING_END = re.compile(r"\x07|\x1b\\|\x9c")
_LONGEST = 256
# Stands for a carriage return while escapes are taken out, since one between CR and LF keeps them apart no longer. It is no
# character of any text.
_RETURN = "\ufdd0"
_SUSPECT = re.compile(r"[\x1b\x90\x98\x9b\x9d-\x9f\r\ud800-\udfff]")
_PAIR = re.compile(r"[\ud800-\udbff][\udc00-\udfff]")

_TAGS = ("think", "thinking", "thought", "reasoning")
_OPENINGS = tuple(f"<{tag}>" for tag in _TAGS)
_BARE_CLOSING = re.compile(rf"</(?:{'|'.join(_TAGS)})>")
_LONGEST_CLOSING = max(len(tag) for tag in _TAGS) + 3


def whole(text: str) -> str:
    """Return ``text`` with its surrogate pairs joined; lone halves stay, for :func:`clean` to take out."""
    return _PAIR.sub(lambda pair: pair[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le"), text)


class Cleaner:
    """Cleans text piece by piece: joined, the pieces that come out are ``clean(whole(everything put in))``.

    A control sequence longer than :data:`_LONGEST` is given up on and its parameters shown, as harmless text.
    """

    def __init__(self) -> None:
        self._held = ""
        self._returned = False  # the text so far ends in a carriage return
        self._within = False  # a string sequence, of which only the end matters

    def feed(self, piece: str) -> str:
        """Return what is safe to show now."""
        text = self._held + piece
        self._held = ""
        if self._within:
            end = _STRING_END.search(text)
            if not end:
                self._held = text[-1:]  # an escape that may turn out to end it
                return ""
            text, self._within = text[end.end() :], False
        if not self._returned and not _SUSPECT.search(text):
            return clean(text)
        unfinished = _UNFINISHED.search(text)
        if unfinished and (unfinished[1] or unfinished.end() - unfinished.start() <= _LONGEST):
            self._within = unfinished[1] is not None
            text, self._held = text[: unfinished.start()], "" if self._within else unfinished[0]
            if self._within and unfinished[0].endswith("\x1b"):
                self._held = "\x1b"
        return self._lines(clean(whole(text).replace("\r", _RETURN)))

    def finish(self) -> str:
        """Return what was still held back."""
        text, self._held = "" if self._within else self._held, ""
        return self._lines(clean(whole(text).replace("\r", _RETURN))) + ("\n" if self._returned else "")

    def _lines(self, text: str) -> str:
        """Return ``text`` with its line endings made one; a carriage return at its end waits for what follows."""
        text = (_RETURN if self._returned else "") + text
        self._returned = text.endswith(_RETURN)
        return text.removesuffix(_RETURN).replace(f"{_RETURN}\n", "\n").replace(_RETURN, "\n")


class Thoughts:
    """Leaves out what a reasoning model thinks aloud (``<think>…</think>``) before it answers.

    With ``unopened`` the thoughts are taken to begin at once, as with chat templates that put the opening tag into the
    prompt; should no closing tag come, all of it was the answer. ``seen`` tells whether there were thoughts, and
    ``leaked`` whether a closing tag came after the answer had seemed to begin.
    """

    def __init__(self, *, unopened: bool = False) -> None:
        self.seen = False
        self.leaked = False
        self._unopened = unopened
        self._waiting = ""  # text not yet known to be answer or thought
        self._closing = "</think>" if unopened else ""
        self._answering = False
        self._tail = ""

    def feed(self, piece: str) -> str:
        """Return the part of the answer that is now known to be one."""
        if self._answering:
            self._watch(piece)
            return piece
        self._waiting += piece
        while not self._answering:
            if self._closing:
                before, found, after = self._waiting.partition(self._closing)
                if not found:
                    if not self._unopened:
                        self._waiting = before[-len(self._closing) :]
                    return ""
                self.seen = True
                self._closing, self._unopened, self._waiting = "", False, after
                continue
            start = self._waiting.lstrip()
            opening = next((tag for tag in _OPENINGS if start.startswith(tag)), "")
            if opening:
                self.seen = True
                self._closing, self._waiting = f"</{opening[1:]}", start[len(opening) :]
            elif any(tag.startswith(start) for tag in _OPENINGS):
                return ""  # nothing but the beginning of a tag, or of white space, so far
            else:
                self._answering, self._waiting = True, ""
                self._watch(start)
                return start
        return ""

    def finish(self) -> str:
        """Return what was held back and is answer after all."""
        text, self._waiting = self._waiting, ""
        if self._closing and not self._unopened:
            return ""
        return text.lstrip()

    def _watch(self, piece: str) -> None:
        text = self._tail + piece
        if _BARE_CLOSING.search(text):
            self.leaked = True
        self._tail = text[-_LONGEST_CLOSING:]


class Hearing:
    """Listens to a reply: what is put in comes out clean and without thoughts.

    ``spoken`` counts the characters that came out, ``unspoken`` those that were held back or left out.
    """

    def __init__(self, *, unopened: bool = False) -> None:
        self.spoken = 0
        self._heard = 0
        self._cleaner = Cleaner()
        self._thoughts = Thoughts(unopened=unopened)
        self._apart = False
        self._json = False

    def feed(self, text: str, thought: str = "") -> str:
        """Return what can be shown now of the answer's next piece; ``thought`` came apart from it."""
        self._heard += len(text) + len(thought)
        self._apart |= bool(thought)
        return self._show(self._thoughts.feed(self._cleaner.feed(text)))

    def finish(self) -> str:
        """Return what was held back and can be shown after all."""
        return self._show(self._thoughts.feed(self._cleaner.finish()) + self._thoughts.finish())

    def _show(self, piece: str) -> str:
        if piece and not self.spoken:
            self._json = piece.startswith(("{", "[", "```"))
        self.spoken += len(piece)
        return piece

    @property
    def unspoken(self) -> int:
        """How many characters did not come out."""
        return max(0, self._heard - self.spoken)

    @property
    def thoughtful(self) -> bool:
        """Whether there were thoughts, in the text or apart from it."""
        return self._apart or self._thoughts.seen

    @property
    def leaked(self) -> bool:
        """Whether thoughts came out as if they were the answer. JSON may quote a closing tag."""
        return self._thoughts.leaked and not self._json


def answer_of(text: str) -> str:
    """Return a whole reply as it may be shown or parsed: clean, without thoughts, and without white space around it.

    A closing tag without an opening one ends the thoughts too, unless the reply is JSON from its first character (which may
    quote anything).
    """
    thoughts = Thoughts()
    cleaned = clean(whole(text))
    answer = thoughts.feed(cleaned) + thoughts.finish()
    if thoughts.leaked and not answer.startswith(("{", "[", "```")):
        answer = _BARE_CLOSING.split(answer)[-1]
    return answer.strip()
