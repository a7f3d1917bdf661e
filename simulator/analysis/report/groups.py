"""Sorting transcripts into groups by what they say under one key."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from simulator.batch.metadata import Metadata
from simulator.domain.errors import UsageError

MOST_GROUPS = 24
NOT_GIVEN = "(not given)"
NOT_KNOWN = "(not known)"
OTHERS = "(all others)"
_ASIDE = (OTHERS, NOT_GIVEN, NOT_KNOWN)


@dataclass
class Grouping:
    """Which group a transcript is in. ``names`` are the groups in order; smaller ones beyond :data:`MOST_GROUPS` are one.

    More different numbers than that are split into quarters, as nearly as equal numbers that stay together allow.
    """

    key: str
    metadata: Metadata
    names: tuple[str, ...] = ()
    folded: int = 0

    def __post_init__(self) -> None:
        """Look which values there are. Raises :class:`UsageError` where nearly every transcript has its own."""
        values, different, transcripts = self.metadata.most_common(MOST_GROUPS + 1)
        self._edges = self.metadata.quarters() if different > MOST_GROUPS else []
        if self._edges:
            self.names = tuple(self._quarter(at) for at in range(len(self._edges) + 1))
            self._known = frozenset(self.names)
            return
        if different > MOST_GROUPS and different * 2 > transcripts:
            raise UsageError(
                f"{self.key!r} has {different:,} values in {transcripts:,} transcripts: it names them rather than groups them.",
                hint="Choose a key that several transcripts share, such as a team, a persona or a month.",
            )
        given = [value for (value,), _ in values if value is not None][:MOST_GROUPS]
        numbers = [each for each in given if isinstance(each, int | float) and not isinstance(each, bool)]
        ordered = sorted(numbers) if len(numbers) == len(given) else sorted(given, key=lambda each: str(each).casefold())
        self.names = tuple(_named(each) for each in ordered)
        self._known = frozenset(self.names)
        self.folded = max(0, different - len(given) - any(value is None for (value,), _ in values))

    def of(self, transcript: str) -> str:
        """Return the group of a transcript."""
        found = self.metadata.of(transcript)
        if found is None:
            return NOT_KNOWN
        if found[0] is None:
            return NOT_GIVEN
        if self._edges and isinstance(found[0], int | float):
            return self._quarter(bisect_right(self._edges, found[0]))
        name = _named(found[0])
        return name if name in self._known else OTHERS

    def _quarter(self, at: int) -> str:
        edges = [_named(each) for each in self._edges]
        if at == 0:
            return f"below {edges[0]}"
        return f"{edges[-1]} and above" if at == len(edges) else f"{edges[at - 1]} to below {edges[at]}"


def in_order(grouping: Grouping, seen: set[str]) -> list[str]:
    """Return the groups that were seen: the named ones, then what is left over."""
    return [each for each in (*grouping.names, *_ASIDE) if each in seen]


def comparable(name: str) -> bool:
    """Whether a group is one of its own, rather than what is left over."""
    return name not in _ASIDE


def _named(value: str | int | float | bool | None) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)
