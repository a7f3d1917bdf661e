"""Errors that people cause or meet, each knowing its message and the exit code of the command it ends."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

EXIT_FAILURE = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130


class FinelineError(Exception):
    """Something that went wrong and can be said in one sentence to the person at the keyboard.

    ``hint`` is what they can do about it. The command line prints both to standard error and exits with ``exit_code``.
    """

    exit_code = EXIT_FAILURE

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UsageError(FinelineError):
    """The command was asked for something that does not exist or does not go together."""

    exit_code = EXIT_USAGE


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a file a person wrote, with the place to look.

    ``line`` and ``column`` count from 1; ``None`` where the file as a whole is meant (never an invented line).
    """

    path: str
    message: str
    line: int | None = None
    column: int | None = None
    expected: str = ""
    suggestion: str = ""
    severity: Literal["error", "warning"] = "error"
    code: str = ""

    def __str__(self) -> str:
        place = self.path
        if self.line is not None:
            place += f":{self.line}" + (f":{self.column}" if self.column is not None else "")
        text = f"{place}: {'' if self.severity == 'error' else 'warning: '}{self.message}"
        if self.expected:
            text += f"; expected {self.expected}"
        if self.suggestion:
            text += f" (did you mean {self.suggestion!r}?)"
        return text

    def as_json(self) -> dict[str, object]:
        """Return the problem as a plain mapping for ``--json``."""
        return asdict(self)


class AuthoringError(FinelineError):
    """A file that people write cannot be used; carries every problem found in it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the known word closest to ``word``, or ``""`` if none is near; part of a name of several words will do."""
    choices = {choice.casefold(): choice for choice in known}
    match = get_close_matches(word.casefold(), choices, n=1, cutoff=0.6)
    if match:
        return choices[match[0]]
    parts = {part: choice for folded, choice in choices.items() for part in re.split(r"[-_ .]", folded) if len(part) > 2}
    match = get_close_matches(word.casefold(), parts, n=1, cutoff=0.75)
    return parts[match[0]] if match else ""


def unknown(kind: str, word: str, known: Iterable[str]) -> UsageError:
    """Return the error for a name that is not known, offering the nearest one and listing what there is."""
    names = sorted(known)
    near = nearest(word, names)
    hint = f"Did you mean {near!r}?" if near else (f"Known: {', '.join(names)}." if names else "")
    return UsageError(f"There is no {kind} called {word!r}.", hint=hint)
