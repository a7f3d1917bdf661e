"""A slip of the keyboard is answered with the name that was meant, and with none where none is near."""

from __future__ import annotations

import pytest

from simulator.domain.errors import nearest, unknown

KNOWN = ["chatty-regular", "misreads-friendliness", "playful-banterer", "passive-aggressive-colleague"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("chatty-regluar", "chatty-regular"),
        ("Chatty", "chatty-regular"),
        ("chaty", "chatty-regular"),
        ("colleage", "passive-aggressive-colleague"),
        ("zebra", ""),
        ("", ""),
    ],
)
def test_nearest(typed: str, meant: str):
    assert nearest(typed, KNOWN) == meant


def test_the_error_offers_it_or_lists_what_there_is():
    assert unknown("persona", "chaty", KNOWN).hint == "Did you mean 'chatty-regular'?"
    assert "playful-banterer" in unknown("persona", "zebra", KNOWN).hint
