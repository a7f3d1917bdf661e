"""A conversation on the screen: streaming, typing meanwhile, ending, failing, resuming."""

from __future__ import annotations

import asyncio

import pytest
from textual.events import Key

from simulator.domain.transcript import Turn
from simulator.models.errors import ModelError
from simulator.store.errors import StoreError
from simulator.tui.screens.conversation import ConversationScreen
from simulator.tui.screens.dialogs import Choose
from simulator.tui.screens.home import HomeScreen
from simulator.tui.screens.rating import RatingScreen
from simulator.tui.widgets import panel
from simulator.tui.widgets.panel import Ended
from simulator.tui.widgets.talk import SHOWN_AT_MOST, Line
from simulator.tui.widgets.topbar import TopBar


def said(app):
    return [(line.said.name, line.said.text) for line in app.screen.query(Line)]


@pytest.fixture
def talking(app, begun, wait_until):
    """Open a conversation; return the pilot's app with the opening said."""

    async def start(pilot, *, opening=True, recorded=True):
        session, recorder = await begun()
        app.open_conversation(session, recorder if recorded else None)
        await wait_until(pilot, lambda: isinstance(app.screen, ConversationScreen) and app.screen.is_mounted)
        if opening:
            await wait_until(pilot, lambda: app.screen.session.transcript.turns and not app.screen._speaking)
        return session, recorder

    return start


async def test_the_customer_opens_and_answers(app, voice, talking, wait_until, text_of):
    voice.replies.append(["Kind of you.", "It leaks at the end."])
    async with app.run_test() as pilot:
        session, _ = await talking(pilot)
        assert said(app) == [("Dana", "Hello there. This hose leaks.")]
        assert app.screen.focused.id == "prompt"
        await pilot.press(*"Oh no", "enter")
        await wait_until(pilot, lambda: len(said(app)) == 3 and not app.screen._speaking)
        assert said(app)[1:] == [("You", "Oh no"), ("Dana", "Kind of you. It leaks at the end.")]
        assert app.screen.prompt.text == ""
        top = app.screen.query_one("#top", TopBar).words
        assert "scripted" in top
        assert "turn 1" in top
        assert "seed 41" in top
        assert len(session.transcript.turns) == 3


async def test_sentences_show_as_they_come_and_the_mark_stands_still(app, voice, talking, wait_until, text_of):
    gate = asyncio.Event()
    voice.replies[:] = [[gate, "First.", gate2 := asyncio.Event(), "Second."]]
    async with app.run_test() as pilot:
        await talking(pilot, opening=False)
        await wait_until(pilot, lambda: "Dana is thinking…" in text_of(app))
        gate.set()
        await wait_until(pilot, lambda: said(app) == [("Dana", "First.")])
        assert "Dana is speaking" in text_of(app)
        gate2.set()
        await wait_until(pilot, lambda: said(app) == [("Dana", "First. Second.")])
        await wait_until(pilot, lambda: "Dana is" not in text_of(app))


async def test_words_are_never_markup_nor_escapes(app, voice, talking, wait_until, text_of):
    voice.replies[:] = [["[/x] [red]no[/red] [@click=quit]x[/]", "\x1b[31mred\x1b]0;title\x07."], ["So it is."]]
    async with app.run_test() as pilot:
        await talking(pilot)
        assert said(app)[0][1].startswith("[/x] [red]no[/red] [@click=quit]x[/]")
        assert "\x1b" not in said(app)[0][1]
        assert "[/x] [red]no[/red]" in text_of(app)
        app.screen.prompt.insert("[/y] [bold] \\[z]")
        await pilot.press("enter")
        await wait_until(pilot, lambda: len(said(app)) == 3)
        assert said(app)[1][1] == "[/y] [bold] \\[z]"


async def test_what_is_sent_while_the_customer_speaks_waits(app, voice, talking, wait_until, text_of):
    gate = asyncio.Event()
    voice.replies[:] = [["Hello.", gate, "And another thing."], ["Right."]]
    async with app.run_test() as pilot:
        await talking(pilot, opening=False)
        await wait_until(pilot, lambda: said(app))
        await pilot.press(*"Yes", "enter")
        await wait_until(pilot, lambda: "said when Dana has finished" in text_of(app))
        assert app.screen.prompt.text == "Yes"
        assert len(said(app)) == 1
        gate.set()
        await wait_until(pilot, lambda: len(said(app)) == 3)
        assert [text for _, text in said(app)] == ["Hello. And another thing.", "Yes", "Right."]


async def test_escape_holds_back_what_waits(app, voice, talking, wait_until):
    gate = asyncio.Event()
    voice.replies[:] = [["Hello.", gate, "Well?"]]
    async with app.run_test() as pilot:
        session, _ = await talking(pilot, opening=False)
        await wait_until(pilot, lambda: said(app))
        await pilot.press(*"Yes", "enter", "escape")
        gate.set()
        await wait_until(pilot, lambda: not app.screen._speaking)
        assert isinstance(app.screen, ConversationScreen)
        assert app.screen.prompt.text == "Yes"
        assert len(session.transcript.turns) == 1


async def test_new_lines_and_what_was_said_before(app, talking, wait_until):
    async with app.run_test() as pilot:
        session, _ = await talking(pilot)
        await pilot.press("a", "ctrl+j", "b", "shift+enter", "c", "enter")
        await wait_until(pilot, lambda: len(session.transcript.turns) == 3 and not app.screen._speaking)
        assert session.transcript.turns[1].text == "a\nb\nc"
        await pilot.press(*"draft", "up")
        assert app.screen.prompt.text == "a\nb\nc"
        await pilot.press("down")
        assert app.screen.prompt.text == "draft"


async def test_a_failed_model_can_be_asked_again(app, voice, talking, wait_until, text_of):
    voice.replies[:] = [
        ["Hello."],
        [ModelError("timeout", "The model did not answer in time.", hint="Is it running?")],
        ["Back again."],
    ]
    async with app.run_test() as pilot:
        session, _ = await talking(pilot)
        await pilot.press(*"Hi", "enter")
        await wait_until(pilot, lambda: app.screen.trouble.shown)
        await wait_until(pilot, lambda: "Dana has not answered." in text_of(app))
        assert "The model did not answer in time. Is it running?" in app.screen.trouble.words
        assert [turn.text for turn in session.transcript.turns] == ["Hello.", "Hi"]
        await pilot.press("r")
        await wait_until(pilot, lambda: len(said(app)) == 3 and not app.screen.trouble.shown)
        assert said(app)[2] == ("Dana", "Back again.")
        await wait_until(pilot, lambda: app.screen.focused.id == "prompt")


async def test_go_on_with_the_builtin_voice_keeps_what_is_being_typed(app, voice, talking, wait_until, text_of):
    gate = asyncio.Event()
    voice.replies[:] = [["Hello."], [gate, ModelError("dropped", "The connection broke.")]]
    async with app.run_test() as pilot:
        session, _ = await talking(pilot)
        session.appraiser = object()  # the second reading of the voice's model
        await pilot.press(*"Hi", "enter")
        await wait_until(pilot, lambda: len(session.transcript.turns) == 2)
        await pilot.press(*"next")
        gate.set()
        await wait_until(pilot, lambda: app.screen.trouble.shown)
        assert app.screen.focused.id == "prompt", "somebody is typing"
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.screen.focused.id == "trouble")
        await pilot.press("b")
        await wait_until(pilot, lambda: ("Dana", "From the spare voice.") in said(app))
        assert app.screen.prompt.text == "next"
        await wait_until(pilot, lambda: "built-in voice" in app.screen.query_one("#top", TopBar).words)
        assert session.transcript.turns[-1].voice == "built-in"
        assert session.appraiser is None, "a model that was left goes on reading what the trainee says"


async def test_what_is_typed_when_the_model_fails_is_no_answer_to_it(app, voice, talking, wait_until, monkeypatch):
    """Somebody who has just begun to type, or types a letter that means nothing to the box, goes on typing."""
    voice.replies[:] = [["Hello."], [ModelError("timeout", "The model did not answer.")], ["Back again."]]
    monkeypatch.setattr(panel, "TOO_SOON_S", 60.0)
    async with app.run_test() as pilot:
        session, _ = await talking(pilot)
        await pilot.press(*"Hi", "enter")
        await wait_until(pilot, lambda: app.screen.trouble.shown and app.screen.focused.id == "trouble")
        await pilot.press(*"rob")
        await wait_until(pilot, lambda: app.screen.prompt.text == "rob")
        assert app.screen.trouble.shown
        assert session.owes_reply
        monkeypatch.setattr(panel, "TOO_SOON_S", 0.0)
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.screen.focused.id == "trouble")
        await pilot.press("x")
        await wait_until(pilot, lambda: app.screen.prompt.text == "robx")


async def test_words_cut_off_in_the_middle_stand(app, voice, talking, wait_until):
    voice.replies[:] = [["Hello."], ["I was about", ModelError("dropped", "The connection broke.")]]
    async with app.run_test() as pilot:
        session, _ = await talking(pilot)
        await pilot.press(*"Hi", "enter")
        await wait_until(pilot, lambda: app.screen.trouble.shown)
        assert "Dana was cut off." in app.screen.trouble.words
        await pilot.press("r")
        await wait_until(pilot, lambda: not session.owes_reply)
        assert said(app)[-1] == ("Dana", "I was about")


async def test_too_long_a_turn_comes_back_into_the_prompt(app, talking, wait_until):
    async with app.run_test() as pilot:
        session, _ = await talking(pilot)
        app.screen.prompt.put("x" * 5000)
        await pilot.press("enter")
        await wait_until(pilot, lambda: app._notifications)
        assert app.screen.prompt.text == "x" * 5000
        assert len(session.transcript.turns) == 1


async def test_stopping_is_always_allowed(app, open_store, talking, wait_until):
    async with app.run_test() as pilot:
        session, recorder = await talking(pilot)
        await pilot.press(*"Hi", "enter")
        await wait_until(pilot, lambda: len(said(app)) == 3 and not app.screen._speaking)
        await pilot.press("escape")
        await wait_until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.press("s")
        await wait_until(pilot, lambda: isinstance(app.screen, HomeScreen))
        assert session.transcript.ending == "stopped"
    store = open_store()
    assert store.summary(recorder.session_id).phase == "done"
    assert store.unfinished() == []
    store.close()


@pytest.mark.parametrize("keys", ["ss", "ll", "gg", "ee", "es", "gl"])
async def test_two_keys_in_one_go_answer_the_pause_once(app, talking, wait_until, keys):
    async with app.run_test() as pilot:
        await talking(pilot)
        await pilot.press(*"Hi", "enter")
        await wait_until(pilot, lambda: len(said(app)) == 3 and not app.screen._speaking)
        await pilot.press("escape")
        await wait_until(pilot, lambda: isinstance(app.screen, Choose))
        choose = app.screen
        for key in keys:
            choose.post_message(Key(key, key))
        await wait_until(pilot, lambda: not choose.is_attached)
        await pilot.pause()
        first = {"s": HomeScreen, "l": HomeScreen, "g": ConversationScreen, "e": RatingScreen}[keys[0]]
        await wait_until(pilot, lambda: isinstance(app.screen, first))


async def test_leaving_for_later_keeps_everything(app, open_store, talking, wait_until):
    async with app.run_test() as pilot:
        _, recorder = await talking(pilot)
        await pilot.press(*"Hi", "enter")
        await wait_until(pilot, lambda: len(said(app)) == 3 and not app.screen._speaking)
        await pilot.press(*"half", "escape")
        await wait_until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.press("l")
        await wait_until(pilot, lambda: isinstance(app.screen, HomeScreen))
    store = open_store()
    summary = store.unfinished()[0]
    assert (summary.id, summary.draft, summary.turns) == (recorder.session_id, "half", 3)
    store.close()


async def test_leaving_before_anything_is_said_keeps_nothing(app, open_store, talking, wait_until):
    async with app.run_test() as pilot:
        await talking(pilot)
        await pilot.press("escape", "l")
        await wait_until(pilot, lambda: isinstance(app.screen, HomeScreen))
    store = open_store()
    assert store.sessions() == []
    store.close()


async def test_what_is_typed_is_on_disk_while_it_is_typed(app, rooms, talking, wait_until):
    async with app.run_test() as pilot:
        _, recorder = await talking(pilot)
        store = await rooms.store()
        await pilot.press(*"I am sor")
        await wait_until(pilot, lambda: store.summary(recorder.session_id).draft == "I am sor")
        await pilot.press(*"ry", "enter")
        await wait_until(pilot, lambda: store.summary(recorder.session_id).turns == 3)
        await wait_until(pilot, lambda: store.summary(recorder.session_id).draft == "")


async def test_the_customer_ends_it_and_enter_goes_on_to_rating(app, voice, begun, wait_until, text_of, monkeypatch):
    voice.replies[:] = [["I'm off."]]
    rated = []
    monkeypatch.setattr(app, "open_rating", rated.append)
    async with app.run_test() as pilot:
        roles = ("customer", "trainee")
        session, recorder = await begun([Turn(role=roles[n % 2], text=f"Turn {n + 1}.") for n in range(17)])
        app.open_conversation(session, recorder)
        await wait_until(pilot, lambda: isinstance(app.screen, ConversationScreen) and app.screen.focused)
        await pilot.press(*"Hi", "enter")  # the ninth time is the last
        await wait_until(pilot, lambda: session.ended)
        await wait_until(pilot, lambda: isinstance(app.screen.focused, Ended))
        assert "Dana walked out" in text_of(app)
        assert not app.screen.prompt.display
        await pilot.press("enter")
        await wait_until(pilot, lambda: rated)
        assert rated[0].transcript.ending == "walks_out"
        assert rated[0].session_id == recorder.session_id


async def test_ctrl_e_ends_it_unless_nothing_was_said(app, talking, wait_until, monkeypatch):
    rated = []
    monkeypatch.setattr(app, "open_rating", rated.append)
    async with app.run_test() as pilot:
        session, _ = await talking(pilot)
        await pilot.press("ctrl+e")
        await wait_until(pilot, lambda: app._notifications)
        assert not session.ended
        await pilot.press(*"Hi", "enter")
        await wait_until(pilot, lambda: len(session.transcript.turns) == 3 and not app.screen._speaking)
        await pilot.press("ctrl+e")
        await wait_until(pilot, lambda: rated)
        assert session.transcript.ending == "trainee_ended"


async def test_ending_while_the_customer_speaks_waits_for_nothing(app, voice, talking, wait_until, monkeypatch):
    rated = []
    monkeypatch.setattr(app, "open_rating", rated.append)
    voice.replies[:] = [["Hello."], ["Well,", asyncio.Event(), "never said."]]
    async with app.run_test() as pilot:
        session, _ = await talking(pilot)
        await pilot.press(*"Hi", "enter")
        await wait_until(pilot, lambda: len(session.transcript.turns) == 3)
        await pilot.press("ctrl+e")
        await wait_until(pilot, lambda: rated)
        assert session.transcript.turns[-1].text == "Well,"


async def test_a_full_disk_is_said_and_the_conversation_goes_on(app, talking, wait_until, text_of, monkeypatch):
    async with app.run_test() as pilot:
        session, recorder = await talking(pilot)
        inner = recorder._recorder
        whole = inner.save_turn

        def full(number, turn):
            raise StoreError("full", "The disk is full.")

        monkeypatch.setattr(inner, "save_turn", full)
        await pilot.press(*"Hi", "enter")
        await wait_until(pilot, lambda: len(said(app)) == 3 and not app.screen._speaking)
        await wait_until(pilot, lambda: "Not saved yet: The disk is full." in text_of(app))
        assert app.screen.would_lose_words
        monkeypatch.setattr(inner, "save_turn", whole)
        await pilot.press(*"Still here", "enter")
        await wait_until(pilot, lambda: len(said(app)) == 5 and not app.screen._speaking)
        await wait_until(pilot, lambda: "Not saved" not in text_of(app))
        assert inner.store.transcript(recorder.session_id).turns == session.transcript.turns


async def test_leaving_asks_when_words_would_be_lost(app, talking, wait_until, text_of):
    async with app.run_test() as pilot:
        await talking(pilot, recorded=False)
        await pilot.press(*"Hi", "enter")
        await wait_until(pilot, lambda: len(said(app)) == 3 and not app.screen._speaking)
        await pilot.press("ctrl+q")
        await wait_until(pilot, lambda: "Leave all the same?" in text_of(app))
        await pilot.press("escape")
        await wait_until(pilot, lambda: isinstance(app.screen, ConversationScreen))


async def test_copying_the_last_the_marked_and_everything(app, talking, wait_until):
    async with app.run_test() as pilot:
        await talking(pilot)
        await pilot.press(*"Hi", "enter")
        await wait_until(pilot, lambda: len(said(app)) == 3 and not app.screen._speaking)
        await pilot.press("ctrl+y")
        assert app.clipboard == "I see."
        app.screen.talk.focus()
        await pilot.press("up", "up", "enter")
        await wait_until(pilot, lambda: app.clipboard == "Hi")
        await pilot.press("z")  # any character finds the prompt
        await wait_until(pilot, lambda: app.screen.focused.id == "prompt" and app.screen.prompt.text == "z")
        await pilot.press("ctrl+s")
        await wait_until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.press("c")
        await wait_until(pilot, lambda: app.clipboard == "Dana: Hello there. This hose leaks.\n\nYou: Hi\n\nDana: I see.")


async def test_few_messages_are_mounted_and_older_ones_come_when_wanted(app, begun, wait_until):
    async with app.run_test() as pilot:
        roles = ("customer", "trainee")
        session, recorder = await begun([Turn(role=roles[n % 2], text=f"Turn {n + 1}.") for n in range(401)])
        app.open_conversation(session, recorder)
        await wait_until(pilot, lambda: isinstance(app.screen, ConversationScreen) and said(app))
        talk = app.screen.talk
        await wait_until(pilot, lambda: talk.at_end and talk.max_scroll_y > 0)
        assert len(talk.lines) <= SHOWN_AT_MOST
        assert said(app)[-1][1] == "Turn 401."
        talk.focus()
        await pilot.press("home")
        await wait_until(pilot, lambda: said(app)[0][1] == "Turn 1.")
        await wait_until(pilot, lambda: talk.scroll_y == 0)
        await pilot.press("end")
        await wait_until(pilot, lambda: talk.at_end)
        await pilot.press(*"Hi", "enter")
        await wait_until(pilot, lambda: len(session.transcript.turns) == 403)
        await wait_until(pilot, lambda: len(talk.lines) <= SHOWN_AT_MOST)
        assert [text for _, text in said(app)][-2:] == ["Hi", "Hello there. This hose leaks."]


async def test_scrolling_up_brings_older_messages_and_keeps_the_place(app, begun, wait_until):
    async with app.run_test() as pilot:
        roles = ("customer", "trainee")
        session, recorder = await begun([Turn(role=roles[n % 2], text=f"Turn {n + 1}.") for n in range(101)])
        app.open_conversation(session, recorder)
        await wait_until(pilot, lambda: isinstance(app.screen, ConversationScreen) and said(app) and app.screen.talk.at_end)
        talk = app.screen.talk
        first = said(app)[0]
        for _ in range(12):
            await pilot.press("pageup")
        await wait_until(pilot, lambda: said(app)[0] != first)
        assert not talk.at_end


@pytest.mark.parametrize("size", [(20, 5), (10, 3), (30, 10), (200, 60)])
async def test_any_terminal_will_do(app, size, talking, wait_until):
    async with app.run_test(size=size) as pilot:
        session, _ = await talking(pilot)
        await pilot.press(*"Hi", "enter")
        await wait_until(pilot, lambda: len(session.transcript.turns) == 3 and not app.screen._speaking)
        await pilot.resize_terminal(80, 24)
        await pilot.press("escape")
        await wait_until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.resize_terminal(*size)
        await pilot.press("escape", "f1", "escape")
        await wait_until(pilot, lambda: isinstance(app.screen, ConversationScreen))


async def test_an_empty_prompt_may_be_squeezed_to_nothing(app, talking, wait_until):
    async with app.run_test() as pilot:
        await talking(pilot)
        for size in [(1, 1), (2, 80), (3, 5), (4, 24), (1, 80), (5, 24), (300, 80)]:
            await pilot.resize_terminal(*size)
            await pilot.pause()
        await pilot.press("x")
        assert app.screen.prompt.text == "x"


async def test_a_saved_ending_is_shown_not_played_again(app, begun, wait_until, text_of):
    async with app.run_test() as pilot:
        session, recorder = await begun([Turn(role="customer", text="Hello."), Turn(role="trainee", text="Hi.")])
        await session.stop("trainee_ended")
        app.open_conversation(session, recorder)
        await wait_until(pilot, lambda: isinstance(app.screen, ConversationScreen) and isinstance(app.screen.focused, Ended))
        assert "You ended the conversation." in text_of(app)
