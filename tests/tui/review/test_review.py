"""A person rates with the keys alone: blind, with nothing lost, and what comes out is a result like a judge's."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from simulator.analysis.comparison import compare
from simulator.analysis.raters import read_ratings
from simulator.batch.ledger import work_key
from simulator.batch.rating_file import RatingFile
from simulator.batch.review import Review
from simulator.batch.worklist import RubricToRate, graded_in, make_ready
from simulator.domain.grade import Evidence, Finding
from simulator.domain.rubric import Rubric
from simulator.domain.transcript import Transcript, Turn
from simulator.settings import Settings
from simulator.tui.reading import Reading
from simulator.tui.review import ReviewApp
from simulator.tui.screens.review import ReviewScreen
from simulator.tui.screens.span import SpanScreen
from simulator.tui.services import Services
from simulator.tui.widgets.question import QuestionPane, applies_words
from simulator.tui.widgets.topbar import TopBar
from simulator.tui.widgets.words import Words

SECRET = "The judge's own secret reason"
TURNS = [
    ("customer", "Hi, I'm Susan [/x]. My husband left this kettle, and it drips."),
    ("trainee", "Hello! Oh no, Susan. I'm sorry, that is a nuisance. Let me see what she can do."),
    ("customer", "Thank you."),
    ("trainee", "Your money is on its way."),
]


def rubric(name: str, **criteria: dict[str, Any]) -> Rubric:
    asked = [{"id": key, "asks": f"Does the trainee {key} [b]?", **more} for key, more in criteria.items()]
    levels = {n: f"level {n}" for n in range(1, 6)}
    return Rubric.model_validate(
        {"id": name, "title": name.title(), "levels": levels, "thresholds": [0.2, 0.4, 0.6, 0.9], "criteria": asked}
    )


WARMTH = rubric(
    "warmth",
    greet={"examples": {"met": ["Good morning!"], "not_met": ["Next."]}},
    hear={"applies": {"customer": ["voices_feeling", "complains"], "min_turns": 2}},
)
SERVICE = rubric("service", solve={})


def transcript(number: int) -> Transcript:
    return Transcript(id=f"talk-{number}", identity="Susan", turns=[Turn(role=role, text=text) for role, text in TURNS])


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATA", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"FINELINE_{name}", str(tmp_path / name.lower()))


@pytest.fixture
def results(tmp_path: Path) -> Path:
    path = tmp_path / "r.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for number in range(3):
            for of in (WARMTH, SERVICE):
                findings = [
                    Finding(criterion=each.id, verdict="not_met", counted=True, reason=SECRET,
                            evidence=(Evidence(turn=4, quote="on its way"),))
                    for each in of.criteria
                ]  # fmt: skip
                record = {
                    "transcript": f"talk-{number}", "rubric": of.id, "judge": "machine-7", "status": "scored", "level": 1, "score": 0.0,
                    "reason": SECRET, "findings": [each.model_dump() for each in findings], "versions": {"rubric": of.digest},
                    "key": work_key(transcript(number), of.digest, "machine-7", ""),
                }  # fmt: skip
                file.write(json.dumps(record) + "\n")
    return path


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "r.ann.jsonl"


@pytest.fixture
def open_app(results: Path, out: Path) -> Iterator[Callable[..., ReviewApp]]:
    with ExitStack() as stack:

        def make(*, blind_names: bool = False, count: int = 3, beginning: tuple[str, ...] = ()) -> ReviewApp:
            order = graded_in(results).transcripts[:count]
            work = make_ready(order, results, [transcript(number) for number in range(3)])
            stack.enter_context(closing(work.shelf))
            file = stack.enter_context(closing(RatingFile(out, "ann")))
            review = Review(work, [RubricToRate(each, each.digest) for each in (WARMTH, SERVICE)], file, blind_names=blind_names)
            titles = {"voices_feeling": "Voices a feeling", "complains": "Complains"}
            return ReviewApp(ReviewScreen(review, behaviours=titles, beginning=beginning), Services(Settings()))

        yield make


def written(path: Path) -> dict[tuple[str, str], dict[str, Any]]:
    return {(each["transcript"], each["rubric"]): each for each in map(json.loads, path.read_text("utf-8").splitlines())}


def shown(app: ReviewApp) -> str:
    """Everything on the review's screen, in plain words."""
    screen = app.screen
    turns = "\n".join(str(option.prompt) for option in screen.turns.options)
    banner = str(screen.query_one("#banner", Words).content)
    return "\n".join([screen.query_one(TopBar).words, banner, turns, screen.query_one(QuestionPane).words])


async def until(pilot: Any, true: Callable[[], object]) -> None:
    end = time.monotonic() + 8
    while not true():
        assert time.monotonic() < end, "it never came true"
        await pilot.pause(0.01)


async def test_three_conversations_by_keys_alone_then_agreement_with_the_machine(open_app, results, out):
    app = open_app()
    async with app.run_test(size=(80, 24)) as pilot:
        for _each in range(3):
            await pilot.press("down", "space", "m", "enter", "2", "enter", "c", "enter")
        await until(pilot, lambda: app.screen.query("Confirm OptionList, OptionList"))
        assert app.screen is not app._only  # it says that all are finished
        await pilot.press("down", "enter")
        await until(pilot, lambda: app._exit)
    assert app.return_code == 0
    records = written(out)
    assert len(records) == 6
    first = records["talk-0", "warmth"]
    assert [each["verdict"] for each in first["findings"]] == ["met", "not_met"]
    assert first["findings"][0]["evidence"] == [{"turn": 2, "quote": TURNS[1][1]}]
    assert (first["judge"], first["level"]) == ("ann", 3)
    assert records["talk-0", "service"]["findings"][0]["verdict"] == "not_judged"
    ratings = read_ratings([results, out])
    found = {each.rubric: each for each in compare(ratings, ratings.chosen([]))}
    assert found["warmth"].all_of == 3
    assert [each.figures["agreement"].value for each in found["warmth"].criteria] == [0, 1]


async def test_nothing_of_the_machine_is_on_the_screen(open_app, out):
    app = open_app()
    async with app.run_test(size=(120, 40)) as pilot:
        seen = [shown(app)]
        for keys in (["m"], ["right"], ["n"], ["right"], ["space"], ["full_stop"], ["enter"]):
            await pilot.press(*keys)
            seen.append(shown(app))
        await pilot.press("f1")
        await until(pilot, lambda: app.screen is not app._only)
        text = "\n".join(seen) + app.export_screenshot()
    for secret in ("secret", "machine-7", "level 1", "on its way”", "talk-0"):
        assert secret not in text
    assert "Your money is on its way." in text


async def test_words_of_a_turn_can_be_marked_and_taken_off(open_app, out):
    app = open_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("space")
        assert not out.read_text()  # the customer's words are no evidence of what the trainee did
        await pilot.press("down", "w")
        await until(pilot, lambda: isinstance(app.screen, SpanScreen))
        await pilot.press("down", "space", "right", "right")
        assert app.screen.chosen == "Oh no, Susan."
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app._only)
        await until(pilot, lambda: "“Oh no, Susan.”" in shown(app))
        assert "turn 2  ● marked" in shown(app)
        assert written(out)["talk-0", "warmth"]["open"]["greet"]["evidence"] == [{"turn": 2, "quote": "Oh no, Susan."}]
        await pilot.press("right")
        assert "● marked" not in shown(app)
        await pilot.press("left", "space")
        assert "● marked" not in shown(app)
        await pilot.press("w", "escape")
        await until(pilot, lambda: app.screen is app._only)


async def test_names_and_genders_can_be_left_out_and_quotes_are_of_what_was_said(open_app, out):
    app = open_app(blind_names=True)
    async with app.run_test(size=(80, 24)) as pilot:
        assert "Susan" not in shown(app) and "husband" not in shown(app) and "Person A" in shown(app)
        await pilot.press("down", "w")
        await until(pilot, lambda: isinstance(app.screen, SpanScreen))
        await pilot.press("down", "space", "right", "right", "right", "enter")
        await until(pilot, lambda: "“Oh no, Person A.”" in shown(app))
        assert written(out)["talk-0", "warmth"]["open"]["greet"]["evidence"] == [{"turn": 2, "quote": "Oh no, Susan."}]
        await pilot.press("m")
        assert written(out)["talk-0", "warmth"]["blind_names"] is True


async def test_one_goes_on_where_one_stopped(open_app, out):
    app = open_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("m", "enter", "m", "enter", "m", "enter", "n")
        app._only.review.close()
    again = open_app(beginning=("1 transcript was not found, so left out: talk-9.",))
    async with again.run_test(size=(80, 24)) as pilot:
        assert "conversation 2 of 3 1 of 3 answered 1 finished" in shown(again)
        assert "question 2 of 2" in shown(again)
        await until(pilot, lambda: any("talk-9" in str(each.message) for each in again._notifications))


async def test_undo_note_and_taking_back(open_app, out):
    app = open_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("u", "m")
        assert "(your answer)" in shown(app)
        await pilot.press("backspace")
        assert "(your answer)" not in shown(app)
        await pilot.press("u", "full_stop", "a")
        assert "conversation 2 of 3" in shown(app)
        await pilot.press("u", "u")
        assert "conversation 1 of 3" in shown(app) and "(your answer)" not in shown(app)
        await pilot.press("t")
        await until(pilot, lambda: app.screen is not app._only)
        await pilot.press(*"why [/x]", "enter")
        await until(pilot, lambda: app.screen is app._only and "Your note  why [/x]" in shown(app))
        await pilot.press("t")
        await until(pilot, lambda: app.screen is not app._only)
        await pilot.press("end", "ctrl+u", "enter")
        await until(pilot, lambda: app.screen is app._only and "Your note" not in shown(app))


async def test_enter_stays_with_the_one_question_that_is_open(open_app, out):
    app = open_app(count=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("right", "m", "right", "m", "enter")
        assert "question 1 of 2" in shown(app)
        await pilot.press("enter")
        assert "question 1 of 2" in shown(app)
        await pilot.press("m", "enter")
        await until(pilot, lambda: app.screen is not app._only)
        await pilot.press("escape", "full_stop", "g")
        await until(pilot, lambda: app.screen is app._only)


async def test_what_the_disk_does_not_take_is_said_and_leaving_asks(open_app, out, monkeypatch):
    app = open_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("m")

        def full(line: bytes) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(app._only.review.file, "_append", full)
        await pilot.press("right", "n")
        assert "NOT SAVED" in shown(app) and "No space left" in shown(app)
        await pilot.press("q")
        await until(pilot, lambda: app.screen is not app._only)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app._only)
        monkeypatch.undo()
        await pilot.press("t", "escape", "q")
        await until(pilot, lambda: app._exit)
    assert [each["verdict"] for each in written(out)["talk-0", "warmth"]["findings"]] == ["met", "not_met"]


async def test_the_palette_offers_no_customers_and_no_models(open_app):
    app = open_app()
    async with app.run_test(size=(80, 24)):
        titles = [each.title for each in app.get_system_commands(app.screen)]
        assert "Help" in titles and "Choose models" not in titles
        assert len(app.COMMANDS) == 2


def test_when_a_question_applies_is_said_in_words():
    greet, hear = WARMTH.criteria
    assert applies_words(greet, {}) == "Applies always."
    said = applies_words(hear, {"voices_feeling": "Voices a feeling"})
    assert said == "Applies when the customer shows any of: voices a feeling, complains; and the trainee speaks 2 times or more."


@pytest.mark.parametrize("blind", [False, True])
def test_every_span_that_can_be_seen_leads_back_and_forth(blind):
    reading = Reading(transcript(0), blind=blind)
    for turn in (2, 4):
        pieces = reading.texts[turn - 1].split(" ")
        for begin in range(len(pieces)):
            seen = " ".join(pieces[begin : begin + 3])
            evidence = reading.evidence(turn, seen)
            assert evidence is not None and evidence.quote in TURNS[turn - 1][1]
            again = reading.evidence(turn, reading.shown(evidence))
            assert again == evidence
    assert reading.evidence(2, "words that nobody said") is None


def quiet(app: ReviewApp) -> None:
    app.clear_notifications()


@pytest.mark.parametrize(
    ("size", "theme"),
    [((80, 24), "fineline"), ((120, 40), "fineline-light"), ((50, 18), "fineline")],
    ids=["80x24", "120x40-light", "50x18"],
)
def test_looks(open_app, snap_compare, size, theme):
    async def ready(pilot):
        pilot.app.theme = theme
        await pilot.press("m", "enter", "down", "space", "n")
        await pilot.pause()
        quiet(pilot.app)
        await pilot.pause()

    assert snap_compare(open_app(), terminal_size=size, run_before=ready)
