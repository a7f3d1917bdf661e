"""What can go wrong with a language model, in kinds a program can act on and words a person understands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from simulator.domain.errors import FinelineError

if TYPE_CHECKING:
    from simulator.domain.grade import Usage

Kind = Literal[
    "unreachable",  # nothing answers there: refused, no such host, no route, bad certificate
    "unauthorised",  # 401, 403
    "not_found",  # no such address, or no such model there
    "no_credit",  # 402, or 429 for want of credit
    "rate_limited",  # 429: too fast
    "server",  # 5xx, or an error in place of an answer
    "timeout",  # connected, then silence
    "dropped",  # the connection broke before the answer was whole
    "empty",  # an answer without words
    "malformed",  # not what was asked for: a web page, no JSON, a form filled in wrongly, a refusal
    "cut_off",  # the answer hit its length limit before it was whole
    "too_long",  # the prompt exceeds the model's window, or the answer never ended
    "other",
]

# Trying once more may help with these; with the others something has to change first.
PASSING: frozenset[Kind] = frozenset({"rate_limited", "server", "timeout", "dropped", "empty", "malformed"})

# These meet every request alike, until somebody changes something.
HOPELESS: frozenset[Kind] = frozenset({"unauthorised", "not_found", "no_credit"})


class ModelError(FinelineError):
    """A language model gave no usable answer.

    ``usage`` is what the failed attempts cost, where known, and ``retry_after_s`` how long the server asks to wait. Neither
    message nor hint holds a key or anything that a speaker said.
    """

    def __init__(
        self, kind: Kind, message: str, *, hint: str = "", usage: Usage | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.kind: Kind = kind
        self.usage = usage
        self.retry_after_s = retry_after_s

    @property
    def passing(self) -> bool:
        """Whether the same request may succeed when made again."""
        return self.kind in PASSING
