"""Text that is safe to show: terminal escapes and control characters never travel further than this module."""

from __future__ import annotations

import re
import unicodedata

# ECMA-48 control sequences (CSI, OSC, DCS, SOS, PM, APC and two-character escapes), 7-bit and 8-bit forms.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f]).*?(?:\x07|\x1b\\|\x9c|\Z)"
    r"|\x1b[ -/]*[0-~]?",
    re.DOTALL,
)
# Marks that reorder or hide text (bidirectional overrides, zero-width, tags); joiners stay, emoji need them.
_INVISIBLE = frozenset("\u200b\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff")
_QUOTES = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201b": "'", "\u02bc": "'", "`": "'",
                         "\u201c": '"', "\u201d": '"', "\u201f": '"', "\u00ab": '"', "\u00bb": '"'})  # fmt: skip


def clean(text: str, *, keep_newlines: bool = True) -> str:
    """Return ``text`` without escape sequences, control characters, lone surrogates or reordering marks.

    Tabs become spaces and line endings become ``\\n`` (or a space, with ``keep_newlines=False``).
    """
    if text.isprintable():
        # Most words are: nothing in them is a control, format or surrogate character, or a line's end.
        return text
    text = _ESCAPES.sub("", text).replace("\t", " ")
    text = "".join(
        char for char in text if char in "\n\r" or (char not in _INVISIBLE and unicodedata.category(char) not in ("Cc", "Cs"))
    )
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if keep_newlines else text.replace("\n", " ")


def fold(text: str) -> str:
    """Return ``text`` as evidence is compared: NFKC, straight quotes, one space between words, case folded."""
    if text.isascii():
        return " ".join(text.replace("`", "'").split()).lower()  # the same, sooner
    return " ".join(unicodedata.normalize("NFKC", text).translate(_QUOTES).split()).casefold()
