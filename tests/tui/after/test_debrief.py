"""The debrief: what is shown rests on words, what failed is said, and everything is a key away."""

from __future__ import annotations

import json

import pytest
from textual.widgets import OptionList

from simulator.domain.errors import FinelineError
from simulator.domain.grade import SelfRating
from simulator.tui import export
from simulator.tui.screens.debrief import DebriefScreen
from simulator.tui.screens.dialogs import Choose, Confirm, Read
from simulator.tui.screens.turns import TurnsScreen, marked
from simulator.tui.widgets.debrief_page import DebriefPage
from simulator.tui.widgets.feelings import FeelingsPlot
from simulator.tui.widgets.findings import FindingLine, OutcomeLine, PendingLine, SuggestionLine
from simulator.tui.widgets.judging_panel import JudgingPanel


async def open_debrief(app, pilot, practice, wait_until):
    app.open_debrief(practice)
    await wait_until(pilot, lambda: isinstance(app.screen, DebriefScreen) and laid_out(app))


def laid_out(app) -> bool:
    return bool(app.screen.query(DebriefPage)) and not app.screen.query_one(JudgingPanel).display and app.focused is not None


def page(app) -> str:
    """Everything on the page, scrolled to or not."""
    return "\n".join(str(each.visual) for each in app.screen.query("DebriefPage Words"))


async def test_grades_are_made_kept_and_set_beside_the_self_rating(app, practice, rooms, store, wait_until):
    practice.self_rating = SelfRating(levels={"boundaries": 5, "service": 5})
    async with app.run_test(size=(80, 24)) as pilot:
        await open_debrief(app, pilot, practice, wait_until)
        text = page(app)
        assert sorted(rooms.scripted.asked) == ["authenticity", "boundaries", "service", "warmth"]
        assert "Boundaries     3 ▰▰▰▱▱   you said 5, graded 2 lower" in text
        assert "Keeps it, with a wobble" in text
        assert "Service        5 ▰▰▰▰▰   you said 5, the same" in text
        assert "the next step is clear [/x]" in text
        assert {each.rubric: each.level for each in store.grades(practice.session_id)}["boundaries"] == 3
        await wait_until(pilot, lambda: store.summary(practice.session_id).phase == "done")


async def test_what_is_not_scored_and_not_substantiated_is_said_so(app, practice, grades, wait_until):
    practice.grades = grades
    async with app.run_test(size=(80, 24)) as pilot:
        await open_debrief(app, pilot, practice, wait_until)
        text = page(app)
        assert "Not scored: " in text
        assert "not substantiated, so not counted" in text
        assert "not judged · It needs a reader." in text
        assert "not applicable" in text


async def test_grades_from_the_history_are_not_made_again(app, practice, rooms, grades, wait_until):
    practice.grades = grades
    async with app.run_test() as pilot:
        await open_debrief(app, pilot, practice, wait_until)
        assert rooms.scripted.asked == []


async def test_a_judge_that_fails_gives_a_reason_and_no_level(app, practice, rooms, store, wait_until):
    rooms.scripted.failing = ("warmth",)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_debrief(app, pilot, practice, wait_until)
        assert "Warmth         – ▱▱▱▱▱" in page(app)
        assert "Could not be graded: The model answered nothing [/x]." in page(app)
        rooms.scripted.asked.clear()
        await pilot.press("b")
        await wait_until(pilot, lambda: rooms.embedded.asked == ["warmth"] and laid_out(app) and "Could not" not in page(app))
        assert rooms.scripted.asked == []
        kept = {(each.rubric, each.judge): each.status for each in store.grades(practice.session_id)}
        assert kept["warmth", "scripted-model"] == "failed"
        assert kept["warmth", "built-in"] != "failed"


async def test_a_failed_rubric_is_asked_again_alone(app, practice, rooms, wait_until):
    rooms.scripted.failing = ("service",)
    async with app.run_test() as pilot:
        await open_debrief(app, pilot, practice, wait_until)
        rooms.scripted.failing = ()
        rooms.scripted.asked.clear()
        await pilot.press("r")
        await wait_until(pilot, lambda: laid_out(app) and "Could not" not in page(app))
        assert rooms.scripted.asked == ["service"]


async def test_stopping_the_judge_keeps_what_is_graded(app, practice, rooms, store, wait_until, shown):
    rooms.scripted.stuck = ("warmth",)
    async with app.run_test(size=(80, 24)) as pilot:
        app.open_debrief(practice)
        await wait_until(pilot, lambda: len(store.grades(practice.session_id)) == 3)
        assert "The judge is reading the conversation." in shown(app)
        assert "judge: scripted-model" in shown(app)
        await pilot.press("escape")
        await wait_until(pilot, lambda: laid_out(app))
        assert [line.rubric.id for line in app.screen.query(PendingLine)] == ["warmth"]
        assert store.summary(practice.session_id).phase != "done"
        rooms.scripted.stuck = ()
        await pilot.press("r")
        await wait_until(pilot, lambda: laid_out(app) and not app.screen.query(PendingLine))
        assert len(store.grades(practice.session_id)) == 4


async def test_a_judge_that_cannot_be_had_is_said(app, practice, rooms, wait_until):
    async def nobody():
        raise FinelineError("There is no key for that model.", hint="Press m on the home screen.")

    rooms.judge = nobody
    async with app.run_test() as pilot:
        await open_debrief(app, pilot, practice, wait_until)
        assert len(app.screen.query(PendingLine)) == 4
        assert "Not graded yet: There is no key for that model." in page(app)


async def test_a_finding_opens_at_the_turn_it_quotes(app, practice, grades, wait_until, shown):
    practice.grades = grades
    async with app.run_test(size=(80, 24)) as pilot:
        await open_debrief(app, pilot, practice, wait_until)
        line = next(each for each in app.screen.query(FindingLine) if each.finding.criterion == "no_looks")
        line.focus()
        await pilot.press("enter")
        await wait_until(pilot, lambda: isinstance(app.screen, TurnsScreen))
        turns = app.screen.query_one(OptionList)
        assert turns.highlighted == 1
        assert "This kettle [/x] drips." in shown(app)
        assert "A remark on looks [/x]." in shown(app)
        await pilot.press("escape")
        assert isinstance(app.screen, DebriefScreen)
        assert app.focused is line


def test_the_quoted_words_are_marked_whatever_their_quotes_and_spaces():
    content = marked("She said: “I’m  flattered”, twice.", ["i'm flattered"])
    assert [content.plain[span.start : span.end] for span in content.spans] == ["I’m  flattered"]
    assert marked("Nothing [of] it.", ["(never", ""]).spans == []


async def test_moments_are_walked_and_opened_from_the_plot(app, practice, grades, wait_until, shown):
    practice.grades = grades
    async with app.run_test(size=(80, 24)) as pilot:
        await open_debrief(app, pilot, practice, wait_until)
        plot = app.screen.query_one(FeelingsPlot)
        plot.focus()
        await pilot.press("left", "left")
        assert plot.turn == 2
        await pilot.press("right", "right")
        assert plot.turn == 4
        await wait_until(pilot, lambda: "−4 better" in shown(app))
        await pilot.press("enter")
        await wait_until(pilot, lambda: isinstance(app.screen, TurnsScreen))
        assert app.screen.query_one(OptionList).highlighted == 3


async def test_a_dot_is_chosen_by_the_mouse(app, practice, grades, wait_until):
    practice.grades = grades
    async with app.run_test(size=(120, 40)) as pilot:
        await open_debrief(app, pilot, practice, wait_until)
        plot = app.screen.query_one(FeelingsPlot)
        plot.scroll_visible(animate=False)
        await pilot.pause()
        await pilot.click(plot, offset=(plot.size.width - 6, 3))
        assert plot.turn == 4


async def test_suggestions_are_tied_to_their_moment(app, practice, grades, wait_until):
    practice.grades = grades
    async with app.run_test(size=(80, 24)) as pilot:
        await open_debrief(app, pilot, practice, wait_until)
        line = app.screen.query(SuggestionLine).first()
        assert "Praise what they did, not how they look." in page(app)
        await pilot.click(line)
        await wait_until(pilot, lambda: isinstance(app.screen, TurnsScreen))
        assert app.screen.query_one(OptionList).highlighted == line.suggestion.turn - 1


async def test_the_survey_is_said_in_words_and_stars(app, practice, grades, wait_until):
    practice.grades = grades
    async with app.run_test() as pilot:
        await open_debrief(app, pilot, practice, wait_until)
        assert "Warmth   ★★★★½ 9 of 10" in page(app)
        assert "Would come back: ✓ yes" in page(app)
        assert "“You were kind [b]about it.”" in page(app)
        assert "✓ Sam left content" in page(app)


async def test_the_sum_is_one_key_away(app, practice, grades, wait_until, shown):
    practice.grades = grades
    async with app.run_test(size=(80, 24)) as pilot:
        await open_debrief(app, pilot, practice, wait_until)
        await pilot.press("w")
        await wait_until(pilot, lambda: isinstance(app.screen, Read))
        assert "3 of 3  names_limit: met" in shown(app)
        assert "0 of 2  no_looks: not met" in shown(app)


async def test_export_writes_both_files_and_never_over_others(app, practice, grades, wait_until, tmp_path, monkeypatch):
    practice.grades = grades
    monkeypatch.setattr(export, "folder", lambda: tmp_path / "out")
    async with app.run_test(notifications=True) as pilot:
        await open_debrief(app, pilot, practice, wait_until)
        await pilot.press("e")
        await wait_until(pilot, lambda: app._notifications)
        await pilot.press("e")
        await wait_until(pilot, lambda: len(list((tmp_path / "out").iterdir())) == 4)
        names = sorted(path.name for path in (tmp_path / "out").iterdir())
        stem = "sam-hopes-2025-11-22-1403"
        assert names == [f"{stem}-2.jsonl", f"{stem}-2.md", f"{stem}.jsonl", f"{stem}.md"]
        assert str(tmp_path / "out" / f"{stem}.md") in next(iter(app._notifications)).message
        record = json.loads((tmp_path / "out" / f"{stem}.jsonl").read_text())
        assert [turn["text"] for turn in record["turns"]] == [turn.text for turn in practice.transcript.turns]
        assert "Lovely eyes you have" in (tmp_path / "out" / f"{stem}.md").read_text()


async def test_an_export_that_fails_is_said(app, practice, grades, wait_until, tmp_path, monkeypatch):
    practice.grades = grades
    (tmp_path / "file").touch()
    monkeypatch.setattr(export, "folder", lambda: tmp_path / "file" / "out")
    async with app.run_test(notifications=True) as pilot:
        await open_debrief(app, pilot, practice, wait_until)
        await pilot.press("e")
        await wait_until(pilot, lambda: any("could not be written" in each.message for each in app._notifications))


async def test_the_debrief_can_be_copied(app, practice, grades, wait_until):
    practice.grades = grades
    async with app.run_test() as pilot:
        await open_debrief(app, pilot, practice, wait_until)
        await pilot.press("y")
        assert "Boundaries" in app.clipboard
        assert "Lovely eyes you have" in app.clipboard


@pytest.mark.parametrize(("key", "seed"), [("s", 41), ("n", None)])
async def test_the_same_customer_can_be_met_again(app, practice, grades, wait_until, key, seed):
    practice.grades = grades
    async with app.run_test() as pilot:
        await open_debrief(app, pilot, practice, wait_until)
        await pilot.press("t")
        await wait_until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.press(key)
        await wait_until(pilot, lambda: app.travels)
        assert app.travels == [("briefing", "sam-hopes", "kettle", "Sam", seed)]


async def test_escape_goes_home(app, practice, grades, wait_until):
    practice.grades = grades
    async with app.run_test() as pilot:
        await open_debrief(app, pilot, practice, wait_until)
        await pilot.press("escape")
        assert app.travels == [("home",)]


async def test_what_is_not_saved_is_not_left_without_asking(app, practice, rooms, wait_until, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "folder", lambda: tmp_path / "documents")
    practice.recorder, practice.unsaved = None, True
    async with app.run_test() as pilot:
        await open_debrief(app, pilot, practice, wait_until)
        for key in ("escape", "ctrl+q"):
            await pilot.press(key)
            await wait_until(pilot, lambda: isinstance(app.screen, Confirm))
            await pilot.press("enter")  # stay
            await wait_until(pilot, lambda: isinstance(app.screen, DebriefScreen))
        await pilot.press("e")
        await wait_until(pilot, lambda: not practice.unsaved)
        await pilot.press("escape")
        await wait_until(pilot, lambda: len(app.screen_stack) == 1)


async def test_arrows_walk_every_row_and_stop_at_the_ends(app, practice, grades, wait_until):
    practice.grades = grades
    async with app.run_test(size=(80, 24)) as pilot:
        await open_debrief(app, pilot, practice, wait_until)
        first = app.focused
        assert isinstance(first, OutcomeLine)
        await pilot.press("up")
        assert app.focused is first
        rows = len(app.screen.query("DebriefPage Row, FeelingsPlot"))
        seen = {first}
        for _ in range(rows + 2):
            await pilot.press("down")
            seen.add(app.focused)
        assert len(seen) == rows
        assert isinstance(app.focused, FindingLine)


async def test_any_terminal_will_do(app, practice, grades, wait_until):
    practice.grades = grades
    async with app.run_test(size=(1, 1)) as pilot:
        await open_debrief(app, pilot, practice, wait_until)
        await pilot.press("down", "down", "c")
        await wait_until(pilot, lambda: isinstance(app.screen, TurnsScreen))
        await pilot.press("down", "escape")
        for size in [(12, 4), (30, 10), (250, 70), (80, 24)]:
            await pilot.resize_terminal(*size)
            await pilot.pause()
        assert isinstance(app.screen, DebriefScreen)


async def test_without_a_store_all_works_but_keeping(app, practice, rooms, wait_until):
    rooms.kept = None
    practice.recorder = None
    async with app.run_test() as pilot:
        await open_debrief(app, pilot, practice, wait_until)
        assert len(practice.grades) == 4


async def test_a_conversation_stopped_before_its_first_word_has_a_debrief(app, practice, wait_until):
    practice.transcript = practice.transcript.model_copy(update={"turns": [], "survey": None, "ending": "stopped"})
    async with app.run_test() as pilot:
        await open_debrief(app, pilot, practice, wait_until)
        assert "You stopped the conversation." in page(app)
        await pilot.press("c")
        await wait_until(pilot, lambda: isinstance(app.screen, TurnsScreen))
        await pilot.press("down", "y", "enter", "escape")
        assert isinstance(app.screen, DebriefScreen | TurnsScreen)


async def test_a_long_conversation_opens_at_its_turn(app, practice, grades, transcript, wait_until, shown):
    practice.grades = grades
    filler = [transcript.turns[0].model_copy(update={"text": f"Said {number}."}) for number in range(400)]
    practice.transcript = transcript.model_copy(update={"turns": [*transcript.turns, *filler]})
    async with app.run_test(size=(80, 24)) as pilot:
        await open_debrief(app, pilot, practice, wait_until)
        app.screen._open_turn(405, "", {})
        await wait_until(pilot, lambda: "Said 399." in shown(app))
