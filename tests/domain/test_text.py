"""Text that is safe to show, and folded as evidence is compared."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.domain.text import clean, fold


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x9b31mred", "red"),
        ("\x1b]0;title\x07there", "there"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bPq#0\x1b\\after", "after"),
        ("\x1b(Bplain", "plain"),
        ("a\x00b\x08c\x7f", "abc"),
        ("tab\there", "tab here"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("\u202eevil\u202c", "evil"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("lone \ud800 half", "lone  half"),
        ("👩‍👧 stays", "👩‍👧 stays"),
        ("[/x] stays", "[/x] stays"),
    ],
)
def test_what_would_act_on_a_terminal_is_gone(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_new_lines_are_kept_or_made_spaces() -> None:
    assert clean("a\nb") == "a\nb"
    assert clean("a\nb", keep_newlines=False) == "a b"


HOSTILE = st.text(alphabet=st.sampled_from([*"\x1b\x9b\x9d\x90\x07\\[]();?0123mHJP^_X \n\r\tab\u202e\u200b"]), max_size=40)


@settings(max_examples=100, deadline=None)
@given(st.text() | HOSTILE)
def test_no_escape_or_control_survives(text: str) -> None:
    cleaned = clean(text)
    assert not any(unicodedata.category(each) in ("Cc", "Cs") for each in cleaned if each != "\n")
    assert clean(cleaned) == cleaned


def test_folding_sets_quotes_case_and_space_aside() -> None:
    assert fold("  It’s “FINE”,\n really ") == 'it\'s "fine", really'
    assert fold("ﬁne") == "fine"


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet=st.characters(max_codepoint=127), max_size=30))
def test_plain_text_is_folded_as_any_other(text: str) -> None:
    assert fold(f"{text}é") == f"{fold(text)}{' ' if text[-1:].isspace() and text.strip() else ''}é"
