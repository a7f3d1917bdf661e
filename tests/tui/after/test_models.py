"""Choosing a model: what is there, what it can do, and what is chosen holds at once."""

from __future__ import annotations

import keyring
import pytest
from keyring.backends.fail import Keyring as NoKeyring
from textual.widgets import Input, OptionList

from simulator import settings as room
from simulator.models.discovery import Found, Trial
from simulator.models.endpoint import Endpoint
from simulator.models.errors import ModelError
from simulator.models.structured import RUNGS
from simulator.settings import ModelChoice
from simulator.tui.model_shelf import shelves
from simulator.tui.screens.model_dialogs import AskAddress, AskKey
from simulator.tui.screens.models import ModelsScreen

OLLAMA = "http://127.0.0.1:11434/v1"
OPENAI = "https://api.openai.com/v1"
REFUSED = ModelError("unauthorised", "The server did not take the key [/x].", hint="Check it.")


class MemoryKeyring(keyring.backend.KeyringBackend):
    """A keyring that forgets when the test ends."""

    priority = 1  # type: ignore[assignment]

    def __init__(self):
        super().__init__()
        self.kept = {}

    def get_password(self, service, username):
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        self.kept[service, username] = password

    def delete_password(self, service, username):
        if (service, username) not in self.kept:
            raise keyring.errors.PasswordDeleteError
        del self.kept[service, username]


@pytest.fixture(autouse=True)
def ring():
    before = keyring.get_keyring()
    memory = MemoryKeyring()
    keyring.set_keyring(memory)
    yield memory
    keyring.set_keyring(before)


class Town:
    """Servers to be found, and what they do when tried."""

    def __init__(self):
        self.looked = []
        self.servers = [
            Found(Endpoint(OPENAI, "gpt-4.1-mini", label="OpenAI"), problem=REFUSED),
            Found(Endpoint(OLLAMA, "small:3b", label="Ollama"), ("small:3b", "large:70b", "nomic-embed-text", "[/x] odd")),
        ]
        self.tried = []

    async def look(self, url):
        self.looked.append(url)
        if url is not None:
            return [Found(Endpoint(url, "theirs", label=""), ("theirs",))]
        return self.servers

    async def attempt(self, endpoint):
        self.tried.append(endpoint.model)
        if endpoint.model.startswith("large"):
            return Trial(endpoint, "Hello [/x]!", 0.4, None, RUNGS[0], 1.2)
        problem = ModelError("malformed", "It did not keep to the form.", hint="Choose a larger one to judge.")
        return Trial(endpoint, "Hello!", 0.4, structured_problem=problem)


@pytest.fixture
def town():
    return Town()


async def open_models(app, pilot, town, wait_until, then=None):
    screen = ModelsScreen(town.look, town.attempt)
    app.push_screen(screen, then)
    await wait_until(pilot, lambda: app.screen is screen and town.looked and screen._found)
    return screen


async def to(pilot, screen, model):
    listed = screen.query_one(OptionList)
    at = next(number for number, each in enumerate(screen._entries) if each.title == model)
    listed.highlighted = listed.get_option_index(str(at))
    await pilot.pause()


async def test_servers_and_models_are_listed_with_what_is_in_use(app, town, wait_until, shown):
    async with app.run_test(size=(80, 24)) as pilot:
        await open_models(app, pilot, town, wait_until)
        text = shown(app)
        assert "● Built-in  voice and judge" in text
        assert "Ollama on this computer" in text
        assert "[/x] odd" in text
        assert "The server did not take the key [/x]." in text
        assert "nomic-embed-text" not in text


async def test_a_trial_says_in_plain_words_what_works(app, town, wait_until, shown):
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_models(app, pilot, town, wait_until)
        await to(pilot, screen, "small:3b")
        await pilot.press("enter")
        await wait_until(pilot, lambda: "✓ speaks, ✗ cannot judge" in shown(app))
        assert "✗ It cannot judge: It did not keep to the form." in shown(app)
        assert "What is said stays on this computer." in shown(app)
        await to(pilot, screen, "large:70b")
        await pilot.press("enter")
        await wait_until(pilot, lambda: "✓ speaks and judges" in shown(app))
        assert "“Hello [/x]!”" in shown(app)
        assert town.tried == ["small:3b", "large:70b"]


async def test_voice_and_judge_are_chosen_apart_and_kept(app, rooms, town, wait_until, shown):
    answers = []
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_models(app, pilot, town, wait_until, answers.append)
        await to(pilot, screen, "large:70b")
        await pilot.press("j")
        await wait_until(pilot, lambda: "large:70b on this computer (Ollama)" in shown(app))
        assert "● large:70b  judge" in shown(app)
        assert "● Built-in  voice" in shown(app)
        await to(pilot, screen, "small:3b")
        await pilot.press("v")
        await wait_until(pilot, lambda: "● small:3b  voice" in shown(app))
        kept = room.load()
        assert kept.voice == ModelChoice(base_url=OLLAMA, model="small:3b")
        assert kept.judge == ModelChoice(base_url=OLLAMA, model="large:70b")
        assert (await rooms.settings()).voice == kept.voice
        await pilot.press("escape")
        await wait_until(pilot, lambda: answers == [True])


async def test_one_key_goes_back_to_the_built_in(app, town, wait_until, shown):
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_models(app, pilot, town, wait_until)
        await to(pilot, screen, "large:70b")
        await pilot.press("v", "j")
        await wait_until(pilot, lambda: "● large:70b  voice and judge" in shown(app))
        await pilot.press("x")
        await wait_until(pilot, lambda: "● Built-in  voice and judge" in shown(app))
        assert (room.load().voice, room.load().judge) == ("builtin", "builtin")


async def test_nothing_changed_is_said_so(app, town, wait_until):
    answers = []
    async with app.run_test() as pilot:
        await open_models(app, pilot, town, wait_until, answers.append)
        await pilot.press("escape")
        await wait_until(pilot, lambda: answers == [False])


async def test_a_key_goes_to_the_keyring_and_is_never_shown(app, town, ring, wait_until, shown, tmp_path):
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_models(app, pilot, town, wait_until)
        await to(pilot, screen, "")
        await pilot.press("enter")
        await wait_until(pilot, lambda: isinstance(app.screen, AskKey))
        app.screen.query_one(Input).value = "sk-secret"
        await pilot.pause()
        assert "sk-secret" not in shown(app)
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.screen is screen and len(town.looked) == 2)
        assert "sk-secret" in ring.kept.values()
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert not any(b"sk-secret" in path.read_bytes() for path in files)
        await to(pilot, screen, "")
        await pilot.press("k")
        await wait_until(pilot, lambda: isinstance(app.screen, AskKey))
        await pilot.press("ctrl+r")
        await wait_until(pilot, lambda: app.screen is screen and not ring.kept)


async def test_a_computer_without_a_keyring_says_what_to_do_instead(app, town, wait_until, shown):
    keyring.set_keyring(NoKeyring())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_models(app, pilot, town, wait_until)
        await to(pilot, screen, "")
        await pilot.press("k")
        await wait_until(pilot, lambda: isinstance(app.screen, AskKey))
        app.screen.query_one(Input).value = "sk-secret"
        await pilot.press("enter")
        await wait_until(pilot, lambda: "OPENAI_API_KEY instead" in shown(app))
        assert isinstance(app.screen, AskKey)


async def test_a_server_can_be_added_by_its_address(app, town, wait_until, shown):
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_models(app, pilot, town, wait_until)
        await pilot.press("a")
        await wait_until(pilot, lambda: isinstance(app.screen, AskAddress))
        app.screen.query_one(Input).value = "not an address"
        await pilot.press("enter")
        await wait_until(pilot, lambda: "not the address of a model server" in shown(app))
        app.screen.query_one(Input).value = "localhost:9999"
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.screen is screen and "theirs" in shown(app))
        assert town.looked == [None, "http://localhost:9999/v1"]
        assert screen.entry.title == "theirs"


async def test_settings_that_cannot_be_saved_hold_for_this_run(app, rooms, town, wait_until, shown):
    room.config_file().parent.mkdir(parents=True)
    room.config_file().write_text("voice = [")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await open_models(app, pilot, town, wait_until)
        await to(pilot, screen, "large:70b")
        await pilot.press("v")
        await wait_until(pilot, lambda: app._notifications and "● large:70b  voice" in shown(app))
        assert (await rooms.settings()).voice == ModelChoice(base_url=OLLAMA, model="large:70b")
        assert room.config_file().read_text() == "voice = ["


async def test_any_terminal_will_do(app, town, wait_until):
    async with app.run_test(size=(1, 1)) as pilot:
        await open_models(app, pilot, town, wait_until)
        await pilot.press("down", "down", "up")
        for size in [(12, 4), (30, 10), (250, 70), (80, 24)]:
            await pilot.resize_terminal(*size)
            await pilot.pause()
        assert isinstance(app.screen, ModelsScreen)


def test_a_model_in_use_is_listed_though_its_server_sleeps():
    sleeping = Endpoint(OLLAMA, "small:3b", label="Ollama")
    names = [(shelf.name, [each.title for each in shelf.entries]) for shelf in shelves([], [sleeping, sleeping, None])]
    assert names == [("Ollama", ["small:3b"]), ("OpenAI", [""])]


def test_models_that_hold_no_conversation_are_left_out():
    found = Found(
        Endpoint(OPENAI, "gpt-4.1-mini", label="OpenAI"), ("whisper-1", "gpt-4.1", "gpt-4.1-mini", "text-embedding-3-small")
    )
    [shelf] = shelves([found], [])
    assert [each.title for each in shelf.entries] == ["gpt-4.1-mini", "gpt-4.1"]
