"""What the models screen lists: the built-in, and every model of every server that was found or is in use."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from simulator.models.endpoint import OPENAI_URL, Endpoint, label_for, origin_of

if TYPE_CHECKING:
    from simulator.models.discovery import Found, Trial

# Models that providers list and that hold no conversation.
_NO_TALKERS: Final = re.compile(
    r"embed|whisper|\btts\b|tts-|dall-e|moderation|image|audio|realtime|transcri|sora|davinci|babbage|rerank|guard", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a model is: the origin of its server, and its name. ``None`` for the built-in."""

    origin: str
    model: str


def place_of(endpoint: Endpoint | None) -> Place | None:
    """Return the place of an endpoint."""
    return Place(origin_of(endpoint.url), endpoint.model) if endpoint is not None else None


@dataclass(frozen=True, slots=True)
class Entry:
    """One row. ``endpoint`` is ``None`` for the built-in; without a model it stands for a server that has none to offer."""

    title: str
    endpoint: Endpoint | None = None
    problem: str = ""

    @property
    def usable(self) -> bool:
        """Whether it can be tried and chosen."""
        return self.endpoint is None or bool(self.endpoint.model)

    @property
    def place(self) -> Place | None:
        """Where it is; ``None`` for the built-in."""
        return place_of(self.endpoint)


@dataclass(frozen=True, slots=True)
class Shelf:
    """The entries of one server under its name."""

    name: str
    entries: tuple[Entry, ...]


def shelves(found: Sequence[Found], in_use: Iterable[Endpoint | None]) -> list[Shelf]:
    """Return every server with its models: those found, those in use though they were not found, and OpenAI in any case."""
    result = []
    known: set[Place | None] = set()
    origins = set()
    for server in found:
        names = sorted((name for name in server.models if not _NO_TALKERS.search(name)), key=str.casefold)
        first = server.endpoint.model
        if first in names:
            names.remove(first)
            names.insert(0, first)
        problem = str(server.problem) if server.problem is not None else ""
        entries = [Entry(name, replace(server.endpoint, model=name)) for name in names]
        if not entries:
            entries = [Entry("", replace(server.endpoint, model=""), problem or "It has no model to talk with.")]
        known.update(each.place for each in entries)
        origins.add(origin_of(server.endpoint.url))
        result.append(Shelf(server.name, tuple(entries)))
    for endpoint in in_use:
        if endpoint is not None and place_of(endpoint) not in known:
            known.add(place_of(endpoint))
            origins.add(origin_of(endpoint.url))
            entry = Entry(endpoint.model or "its first model", endpoint)
            result.append(Shelf(label_for(endpoint.url) or endpoint.host, (entry,)))
    if origin_of(OPENAI_URL) not in origins:
        hosted = Endpoint(base_url=OPENAI_URL, label=label_for(OPENAI_URL))
        result.append(Shelf(label_for(OPENAI_URL), (Entry("", hosted, "No key yet. Press k to give one."),)))
    return result


def trial_lines(trial: Trial) -> list[tuple[bool, str]]:
    """Return what a trial showed, sentence by sentence, each with whether it is good news."""
    lines = []
    for sentence in trial.sentences():
        bad = sentence.startswith(("It cannot", "That is slow"))
        lines.append((not bad, sentence))
    return lines


def trial_mark(place: Place | None, trials: Mapping[Place | None, Trial]) -> str:
    """Return the short form of what was tried at a place: empty if nothing was."""
    trial = trials.get(place)
    if trial is None:
        return ""
    if trial.speaks and trial.judges:
        return "✓ speaks and judges"
    if trial.speaks:
        return "✓ speaks, ✗ cannot judge"
    return "✓ judges, ✗ cannot speak" if trial.judges else "✗ did not answer"
