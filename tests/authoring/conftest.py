"""A persona small enough to read, and files made from it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.authoring.library import Library, shipped_folders
from simulator.domain.behaviour import Catalogue

EXAMPLE = """\
id: dana-misreads
name: Dana
summary: Reads ordinary friendliness as flirting
difficulty: 2                      # 1 gentle, 2 testing, 3 hard
trains: [boundaries, warmth]
content_note: Romantic attention from a customer. Nothing explicit.
identities:                        # any of them may be drawn; texts use {name} {they} {them} {their}
  - {name: Dana, pronouns: she/her, age: 42}
  - {name: Dan, pronouns: he/him, age: 42}
voice:
  manner: chatty, teasing, a little lonely
  habits: ["trails off with 'anyway…'"]
  at_most: 2 sentences
scenarios:
  - id: hose-return
    place: the returns desk of a garden centre, Saturday morning
    trainee: returns assistant
    wants: to return a leaking hose without the receipt
    facts:
      - {id: bought, tell: asked, text: "bought it here two weeks ago, on the Saturday"}
      - {id: lonely, tell: "trust >= 6", text: "the house has been quiet since the divorce"}
state:
  trust:    {start: 5, means: "how far {they} trust{s} you"}
  misread:  {start: 3, means: "how sure {they} {are} that you fancy {them}"}
  patience: {start: 6, means: "how long {they} will wait"}
reactions:                         # what you do → how they feel
  compliments_appearance: {misread: +3, trust: +1}
  names_a_limit_kindly:   {misread: -4, trust: +1}
  names_a_limit_coldly:   {misread: -4, trust: -3}
  curt:                   {patience: -2}
  solves:                 {patience: +2, trust: +2}
moves:                             # first whose condition holds and whose limit is not spent
  - {id: ask_out, when: "misread >= 7", at_most: 2, intent: "asks what time you finish", lines: ["So when do you finish?"]}
  - {id: back_off, when: "said(names_a_limit_kindly)", intent: "embarrassed, back to the hose", lines: ["Right. The hose."]}
  - {id: small_talk, intent: "chats, teases", lines: ["Lovely in here today.", "I could stay all morning."]}
endings:
  - {id: leaves_happy, when: "task_done and trust >= 6", lines: ["Thanks, you're a star."]}
  - {id: walks_out, when: "trust <= 1 or patience <= 0", lines: ["Forget it."]}
survey: {warmth: trust, comfort: "10 - misread", would_return: "trust >= 6"}
"""

Write = Callable[..., Path]


@pytest.fixture(scope="session")
def example() -> str:
    """The persona of the guide, as a trainer would write it."""
    return EXAMPLE


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """The behaviours that ship."""
    return Library(shipped_folders()).catalogue


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file below a folder of the test's own; ``swap`` pairs change the example persona."""

    def write_file(name: str = "dana.yaml", text: str | bytes | None = None, *swaps: tuple[str, str]) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content = EXAMPLE if text is None else text
        if isinstance(content, bytes):
            path.write_bytes(content)
            return path
        for old, new in swaps:
            assert old in content, f"{old!r} is not in the example"
            content = content.replace(old, new)
        path.write_text(content, encoding="utf-8")
        return path

    return write_file
