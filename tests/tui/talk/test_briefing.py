"""The briefing tells what a trainee would know, and nothing more."""

from __future__ import annotations

from simulator.conversation.session import draw
from simulator.tui.screens.briefing import BriefingScreen
from simulator.tui.screens.conversation import ConversationScreen
from simulator.tui.screens.home import HomeScreen


async def test_it_tells_place_job_errand_goal_and_note(app, wait_until, text_of):
    async with app.run_test(size=(100, 40)) as pilot:
        app.open_briefing("dana", "hose", "Dan", 5)
        await wait_until(pilot, lambda: "Dan, 43" in text_of(app))
        shown = text_of(app)
        for words in (
            "The returns desk of a garden centre.",
            "Returns assistant.",
            "Dan wants to return a leaking hose without the receipt.",
            "Dan leaves with the money and with his dignity.",
            "A refund without a receipt goes on a gift card",
            "Romantic attention from a customer.",
            "Esc stops at any time.",
            "built-in voice",
            "seed 5",
        ):
            assert words in shown
        assert "trust" not in shown


async def test_what_is_not_chosen_is_drawn_by_the_seed_and_then_met(app, rooms, voice, wait_until, text_of):
    persona = rooms._shared[0].personas["dana"].value
    scenario, identity = draw(persona, 7)
    voice.replies[:] = [["Hello."]]
    async with app.run_test(size=(100, 40)) as pilot:
        app.open_briefing("dana", seed=7)
        await wait_until(pilot, lambda: f"{identity.name}, {identity.age}" in text_of(app))
        await pilot.press("enter")
        await wait_until(pilot, lambda: isinstance(app.screen, ConversationScreen))
        session = app.screen.session
        assert (session.scenario.id, session.identity.name, session.seed) == (scenario.id, identity.name, 7)
        assert session.transcript.versions.persona == rooms._shared[0].personas["dana"].digest
        await wait_until(pilot, lambda: session.transcript.turns)
        assert app.screen.recorder.session_id is not None


async def test_the_same_seed_makes_two_conversations(app, wait_until):
    ids = []
    async with app.run_test() as pilot:
        for _ in range(2):
            app.open_briefing("ray", seed=7)
            await wait_until(pilot, lambda: isinstance(app.screen, BriefingScreen) and app.screen._persona)
            await pilot.press("enter")
            await wait_until(pilot, lambda: isinstance(app.screen, ConversationScreen))
            ids.append((app.screen.session.transcript.id, app.screen.recorder.session_id))
            app.go_home()
    assert len({each for pair in ids for each in pair}) == 4


async def test_a_customer_that_is_gone_leads_home(app, wait_until):
    async with app.run_test() as pilot:
        app.open_briefing("nobody")
        await wait_until(pilot, lambda: isinstance(app.screen, HomeScreen) and app._notifications)


async def test_escape_leads_home(app, wait_until):
    async with app.run_test() as pilot:
        app.open_briefing("ray")
        await wait_until(pilot, lambda: isinstance(app.screen, BriefingScreen) and app.screen._persona)
        await pilot.press("escape")
        await wait_until(pilot, lambda: isinstance(app.screen, HomeScreen))
