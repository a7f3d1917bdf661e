"""The page is whole, stands alone, leads every number to words, and runs nothing that anybody said."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from simulator.analysis.report.build import Wanted, build
from simulator.analysis.report.page import FILES, render
from simulator.batch.sources import sources_of

Make = Callable[..., Any]
VOID = {"meta", "input", "link", "br", "hr", "img", "rect", "line", "circle"}
LOADS = {"src", "srcset", "data", "action", "formaction", "poster", "background", "cite", "manifest", "ping"}
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)> \u202eevil\u202c \x1b[31mred\x00 \"'><b>bold</b> {{ 7*7 }} &amp;"


class Outline(HTMLParser):
    """What a browser makes of the page: elements with their attributes, the words, and whether every element was closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.marked: list[str] = []
        self.faults: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        self.faults += [f"{each} is not closed" for each in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        self.faults += [f"{tag} has {name} twice" for name in set(names) if names.count(name) > 1]
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.faults.append(f"</{tag}> at {self.getpos()} closes nothing")

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] not in ("script", "style"):
            self.words.append(data)
        if "mark" in self._open:
            self.marked.append(data)

    def of(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def page(results: Path, **wanted: Any) -> tuple[str, Outline]:
    report = build([results], Wanted(**wanted), sources_of([results]), {})
    html = render(report, made=datetime(2026, 11, 22, 6, 0, tzinfo=UTC))
    return html, Outline(html)


@pytest.fixture
def usual(run: Make, record: Make, finding: Make) -> Path:
    records = [
        record(f"talk {at}", 1 + at % 5, findings=[finding("greets", (2, "good morning")), finding("clear", (4, "me see it"), verdict="not_met")])
        for at in range(24)
    ]  # fmt: skip
    unread = finding("greets", verdict="not_judged", counted=False, substantiated=None, reason="Needs a reader.")
    records += [
        record("talk 24", None, reason="Too little.", findings=[unread, finding("clear", (4, "no such words"), counted=False, substantiated=False)]),
        record("talk 25", None, status="failed", reason="The endpoint is gone.", findings=[]),
    ]  # fmt: skip
    return run(records, [{"id": f"talk {at}", "team": "xy"[at % 2]} for at in range(26)])


def test_the_page_is_well_formed_and_every_link_leads_somewhere(usual: Path):
    _, seen = page(usual, by="team")
    assert seen.faults == []
    ids = [attributes["id"] for _, attributes in seen.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = {attributes["href"] for attributes in seen.of("a")}
    assert len(links) > 20
    assert {each for each in links if not each.startswith("#") or each[1:] not in ids} == set()
    labels = {attributes["aria-labelledby"] for _, attributes in seen.elements if "aria-labelledby" in attributes}
    assert labels <= set(ids)


def test_the_page_asks_nothing_of_anybody(usual: Path):
    html, seen = page(usual, by="team")
    assert [
        name for _, attributes in seen.elements for name in attributes if name in LOADS or name.startswith(("on", "style"))
    ] == []
    assert {tag for tag, _ in seen.elements} & {"link", "img", "iframe", "object", "embed", "base", "audio", "video"} == set()
    style, script = (re.search(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)[1] for tag in ("style", "script"))
    assert not re.search(r"url\(|@import|https?:", style)
    assert not re.search(r"fetch|XMLHttp|import\(|https?:|innerHTML|eval", script)
    [policy] = [each["content"] for each in seen.of("meta") if each.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    for text in (style, script):
        assert base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() in policy
    assert "unsafe" not in policy


def test_quotes_are_marked_where_they_were_said(usual: Path):
    _, seen = page(usual)
    assert {"Good morning", "me see it"} <= set(seen.marked)
    assert "2 Trainee Good morning , how lovely to see you. 3 Customer My kettle broke." in seen.text


def test_nobody_is_shown_to_have_said_what_they_did_not(usual: Path):
    _, seen = page(usual)
    assert "The judge claims that turn 4 says no such words . The trainee did not say this there" in seen.text
    assert "4 Trainee Let me see it." in seen.text
    assert "not counted: no such words" in seen.text
    assert "no such words" not in seen.marked


def test_words_that_are_there_are_not_called_made_up(run: Make, record: Make, finding: Make):
    aside = finding("greets", (2, "Good morning"), counted=False, substantiated=None)
    _, seen = page(run([record("a", findings=[aside])], [{"id": "a"}]))
    assert "These words are there, and were not counted all the same." in seen.text
    assert "The judge claims" not in seen.text


def test_the_page_tells_how_it_was_made(usual: Path):
    _, seen = page(usual, by="team")
    for said in (
        "fineline grade 'my talks' --out r.jsonl", "http://localhost:9/v1", "from 20 November 2026 to 21 November 2026",
        "0.42 USD: 3 calls, 1,234 tokens read and 56 written (USD a million tokens: 2 for input)", "Contains people's words.",
        "Needs a reader.", "The endpoint is gone.", "kindness, version", "Weight 1; holds the level at 3 when not met",
        "A difference is of mean levels", "Is it kind?", "Anchor of 4",
    ):  # fmt: skip
        assert said in seen.text


def test_headings_go_down_one_at_a_time(usual: Path):
    _, seen = page(usual, by="team")
    depths = [int(tag[1]) for tag, _ in seen.elements if re.fullmatch("h[1-6]", tag)]
    assert depths[0] == 1
    assert depths.count(1) == 1
    assert [pair for pair in pairwise(depths) if pair[1] > pair[0] + 1] == []


def test_tables_stand_beside_every_picture_and_pictures_have_words(usual: Path):
    _, seen = page(usual, by="team")
    pictures = [each for each in seen.of("svg") if each.get("role") == "img"]
    assert pictures
    assert all(each["aria-label"] for each in pictures)
    assert all(each.get("scope") in ("col", "row") for each in seen.of("th"))


def test_hostile_words_are_shown_and_do_nothing(run: Make, record: Make, finding: Make):
    ill = [{"role": "trainee", "text": HOSTILE, "speaker": HOSTILE}, {"role": "customer", "text": "javascript:alert(1)"}]
    records = [
        record(HOSTILE, findings=[finding(HOSTILE, (1, "evil red"), reason=HOSTILE)], judge=HOSTILE, reason=HOSTILE, rubric=HOSTILE,
               versions={"rubric": HOSTILE}),
        record("b", None, status="failed", reason=HOSTILE, judge=HOSTILE, rubric=HOSTILE, versions={"rubric": HOSTILE}),
        "<script>alert(3)</script>",
    ]  # fmt: skip
    results = run(records, [{"id": HOSTILE, "turns": ill, HOSTILE: HOSTILE}, {"id": "b"}], judge=HOSTILE, command=[HOSTILE],
                  endpoint="javascript:alert(4)", options={HOSTILE: HOSTILE}, reading={"text_column": HOSTILE})  # fmt: skip
    html, seen = page(results, by=HOSTILE)
    assert seen.faults == []
    assert len(seen.of("script")) == 1
    assert seen.of("img") == []
    assert "bold" not in seen.words
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f]", html)
    assert all(each["href"].startswith("#") for each in seen.of("a"))
    assert "{{ 7*7 }} &amp;" in seen.text
    assert "<script>alert(1)</script>" in "".join(seen.words)
    assert "evil red" in "".join(seen.marked)


def test_words_that_changed_since_are_said_to_have(run: Make, record: Make):
    _, seen = page(run([record("a")], [{"id": "a", "turns": [{"role": "trainee", "text": "Quite other words."}]}]))
    assert "These words are no longer in the transcript of this name" in seen.text
    _, seen = page(run([record("a")], [{"id": "another"}]))
    assert "The conversation is not at hand" in seen.text


def test_of_two_conversations_of_one_name_the_one_with_the_words_is_shown(run: Make, record: Make):
    other = [{"role": "customer", "text": "Hm."}, {"role": "trainee", "text": "No such thing."}]
    _, seen = page(run([record("a")], [{"id": "a", "turns": other}, {"id": "a"}]))
    assert "Good morning" in seen.marked
    assert "no longer in the transcript" not in seen.text


def luminance(colour: str) -> float:
    """Return the relative luminance of #rrggbb (WCAG 2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (each / 12.92 if each <= 0.03928 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_all_words_can_be_read_on_their_grounds(scheme: int):
    style = (FILES / "report.css").read_text("utf-8")
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", style.split(":root {")[1 + scheme]))
    words = ("ink", "quiet", "link", "warn", "good", "bad", "doubt", "trainee", "customer")
    pairs = [(ink, ground) for ink in words for ground in ("ground", "card")] + [("mark-ink", "mark"), ("ink", "notice")]
    pairs += [("on-low", "l1"), ("on-low", "l2"), ("on-mid", "l3"), ("on-high", "l4"), ("on-high", "l5")]
    poor = {}
    for ink, ground in pairs:
        bright, dim = sorted((luminance(found[ink]), luminance(found[ground])), reverse=True)
        if (contrast := (bright + 0.05) / (dim + 0.05)) < 4.5:
            poor[ink, ground] = round(contrast, 2)
    assert poor == {}
