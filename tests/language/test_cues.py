"""Cue patterns: what each sign of the little language means."""

from __future__ import annotations

import pytest

from simulator.language.cues import CueError, Cues
from simulator.language.reading import sentences


def matches(pattern: str, text: str, *classes: str) -> bool:
    cues = Cues([*classes, f"some 0.9 {pattern}"])
    return any(cues.find(sentence.words, sentence.line) for sentence in sentences(text))


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("refund", "Your refund is here.", True),
        ("refund", "Refunds are here.", False),
        ("refund~", "It was refunded.", True),
        ("a|the refund|return", "I want the return.", True),
        ("all_set|sorted", "You're all set!", True),
        ("you [really] know", "you know", True),
        ("you [really] know", "You really know.", True),
        ("you [really] know", "you never know", False),
        ("put .. through", "I put the refund through", True),
        ("put .. through", "I put the very last refund through", False),
        ("put ... through", "I put the very last refund through", True),
        ("^ sorry", "Oh, sorry about that", True),
        ("^ sorry", "You'll be sorry", False),
        ("^^ sorry", "Oh, sorry about that", False),
        ("no $", "no!", True),
        ("no $", "no bother", False),
        ("thanks !to", "thanks to you", False),
        ("thanks !to", "thanks, Tom", True),
        ("can ?", "Can you help?", True),
        ("can ?", "You can help.", False),
        ("@praise hose", "A lovely hose", True),
    ],
)
def test_patterns(pattern: str, text: str, found: bool) -> None:
    assert matches(pattern, text, "@praise = lovely grand") is found


@pytest.mark.parametrize("line", ["solves", "solves high refund", "solves 0.9 @nowhere"])
def test_a_line_that_is_no_cue_is_refused(line: str) -> None:
    with pytest.raises(CueError):
        Cues([line])


def test_every_shipped_cue_compiles_and_speaks_of_a_behaviour() -> None:
    from simulator.authoring.library import Library, shipped_folders

    known = Library(shipped_folders(), None).catalogue.ids
    cues = Cues.load(scales=True)
    assert len(cues.cues) > 300
    for cue in cues.cues:
        assert cue.pattern.search("") is None
        assert cue.behaviour in known or cue.behaviour.startswith("~")
