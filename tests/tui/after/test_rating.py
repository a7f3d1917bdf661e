"""Rating oneself: every key is kept, and nothing is asked for that one would rather not give."""

from __future__ import annotations

from textual.widgets import TextArea

from simulator.domain.grade import SelfRating
from simulator.tui.screens.debrief import DebriefScreen
from simulator.tui.screens.rating import RatingScreen
from simulator.tui.widgets.rating_line import RatingLine


async def open_rating(app, pilot, practice, wait_until):
    app.open_rating(practice)
    await wait_until(pilot, lambda: isinstance(app.screen, RatingScreen) and app.focused is app.screen.query(RatingLine).first())


async def test_each_key_is_on_disk_at_once(app, practice, store, wait_until):
    async with app.run_test(size=(80, 24)) as pilot:
        await open_rating(app, pilot, practice, wait_until)
        await pilot.press("4")
        await wait_until(pilot, lambda: store.self_rating(practice.session_id) == SelfRating(levels={"boundaries": 4}))
        await pilot.press("right", "right", "down", "left")
        await wait_until(
            pilot, lambda: store.self_rating(practice.session_id) == SelfRating(levels={"boundaries": 5, "warmth": 3})
        )
        await pilot.press("backspace")
        await wait_until(pilot, lambda: store.self_rating(practice.session_id) == SelfRating(levels={"boundaries": 5}))
        assert store.summary(practice.session_id).phase == "rating"


async def test_arrows_go_to_another_skill_where_the_page_is_too_long_to_show(app, practice, wait_until):
    async with app.run_test(size=(80, 16)) as pilot:
        await open_rating(app, pilot, practice, wait_until)
        lines = list(app.screen.query(RatingLine))
        for line in lines[:-1]:
            await pilot.press("5", "down")
            assert app.focused is not line
        assert app.focused is lines[-1] and app.screen.query_one("#rating").max_scroll_y > 0
        await pilot.press("up")
        assert app.focused is lines[-2]


async def test_the_anchor_of_the_level_stands_beside_it(app, practice, wait_until, shown):
    async with app.run_test(size=(80, 24)) as pilot:
        await open_rating(app, pilot, practice, wait_until)
        assert "Blurs it" not in shown(app)
        await pilot.press("2")
        assert "Blurs it" in shown(app)
        assert "(2)" in shown(app)
        await pilot.press("down", "down", "down", "5")
        assert "the next step is clear [/x]" in shown(app)


async def test_skills_the_persona_trains_come_first(app, practice, wait_until):
    async with app.run_test() as pilot:
        await open_rating(app, pilot, practice, wait_until)
        lines = [line.rubric_id for line in app.screen.query(RatingLine)]
        assert lines == ["boundaries", "warmth", "authenticity", "service"]


async def test_a_note_is_kept_word_for_word_without_escapes(app, practice, store, wait_until):
    async with app.run_test(size=(80, 24)) as pilot:
        await open_rating(app, pilot, practice, wait_until)
        await pilot.press("3", "enter", "enter", "enter", "enter")
        assert isinstance(app.focused, TextArea)
        app.focused.insert("Less [/x]\x1b[31m flattery")
        await wait_until(pilot, lambda: (store.self_rating(practice.session_id) or SelfRating()).note == "Less [/x] flattery")
        await pilot.press("up")
        assert isinstance(app.focused, RatingLine)


async def test_going_on_hands_the_rating_to_the_debrief(app, practice, store, wait_until):
    async with app.run_test(size=(80, 24)) as pilot:
        await open_rating(app, pilot, practice, wait_until)
        await pilot.press("1", "ctrl+s")
        await wait_until(pilot, lambda: isinstance(app.screen, DebriefScreen))
        assert practice.self_rating == SelfRating(levels={"boundaries": 1})
        assert store.self_rating(practice.session_id) == practice.self_rating


async def test_all_of_it_may_be_skipped(app, practice, store, wait_until, shown):
    async with app.run_test(size=(80, 24)) as pilot:
        await open_rating(app, pilot, practice, wait_until)
        assert "esc Skip the rest" in shown(app)
        await pilot.press("escape")
        await wait_until(pilot, lambda: isinstance(app.screen, DebriefScreen))
        assert practice.self_rating is None
        assert store.self_rating(practice.session_id) is None


async def test_an_interrupted_rating_goes_on_where_it_stopped(app, practice, wait_until):
    practice.self_rating = SelfRating(levels={"warmth": 2}, note="Slower.")
    async with app.run_test() as pilot:
        await open_rating(app, pilot, practice, wait_until)
        assert app.screen.query_one("#rate-warmth", RatingLine).level == 2
        assert app.screen.query_one(TextArea).text == "Slower."


async def test_pointing_at_a_number_rates(app, practice, wait_until):
    async with app.run_test(size=(80, 24)) as pilot:
        await open_rating(app, pilot, practice, wait_until)
        line = app.screen.query_one("#rate-warmth", RatingLine)
        right = line.content_region.right - line.region.x
        await pilot.click(line, offset=(right - 8, 0))
        assert line.level == 4
        await pilot.click(line, offset=(4, 1))
        assert line.level == 4


async def test_a_store_that_fails_is_said_once_and_stops_nobody(app, practice, rooms, wait_until):
    practice.recorder.store.discard(practice.session_id)
    async with app.run_test(notifications=True) as pilot:
        await open_rating(app, pilot, practice, wait_until)
        await pilot.press("4", "5")
        await wait_until(pilot, lambda: any("not kept" in each.title for each in app._notifications))
        await pilot.press("ctrl+s")
        await wait_until(pilot, lambda: isinstance(app.screen, DebriefScreen))
        assert practice.self_rating == SelfRating(levels={"boundaries": 5})


async def test_any_terminal_will_do(app, practice, wait_until):
    async with app.run_test(size=(1, 1)) as pilot:
        await open_rating(app, pilot, practice, wait_until)
        await pilot.press("4", "down", "5")
        for size in [(12, 4), (2, 80), (3, 80), (4, 80), (1, 80), (30, 10), (250, 70), (80, 24)]:
            await pilot.resize_terminal(*size)
            await pilot.pause()
        await pilot.press("up", "1")
        assert app.screen.query(RatingLine).first().level == 1
