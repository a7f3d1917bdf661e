"""The app over scripted customers, a real store and real files, in folders of the test."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from simulator.authoring.library import Folder, Library, shipped_folders
from simulator.conversation.scene import Piece, Scene
from simulator.conversation.session import Session
from simulator.domain.transcript import Turn
from simulator.language.detector import Detector
from simulator.settings import Settings
from simulator.store import store as store_room
from simulator.store.store import Store
from simulator.tui.app import FinelineApp
from simulator.tui.recording import SafeRecorder
from simulator.tui.services import Services
from simulator.tui.widgets import panel

FILES = Path(__file__).parent / "files"


class ScriptedVoice:
    """Says what it is told to: strings are sentences, exceptions are raised, events are waited for."""

    def __init__(self, *replies: list[Any], name: str = "scripted") -> None:
        self.name = name
        self.replies = list(replies)

    async def speak(self, scene: Scene) -> AsyncIterator[Piece]:
        del scene
        for item in self.replies.pop(0) if self.replies else ["I see."]:
            if isinstance(item, asyncio.Event):
                await item.wait()
            elif isinstance(item, Exception):
                raise item
            else:
                yield Piece(item, self.name)


class Rooms(Services):
    """Real rooms, but for the voice; library and detector are shared by all tests of a process."""

    def __init__(self, library: Library, detector: Detector, voice: Any) -> None:
        super().__init__(Settings())
        self._shared = library, detector
        self.scripted = voice
        self.spare = ScriptedVoice(["From the spare voice."], name="built-in")

    async def library(self) -> Library:
        return self._shared[0]

    async def reload_library(self) -> Library:
        return self._shared[0]

    async def detector(self) -> Detector:
        return self._shared[1]

    async def voice(self) -> Any:
        return self.scripted

    async def builtin_voice(self) -> Any:
        return self.spare

    async def appraiser(self) -> None:
        return None


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    folder = tmp_path_factory.mktemp("personas")
    for each in FILES.glob("*.yaml"):
        shutil.copy(each, folder)
    rubrics = [each for each in shipped_folders() if each.path.name == "rubrics"]
    return Library([*rubrics, Folder(folder, "settings")])


@pytest.fixture(scope="session")
def detector(library: Library) -> Detector:
    return Detector.load(library.catalogue)


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of this test go into folders of this test; the clock stands still; no model is asked for."""
    for name in ("DATA", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"FINELINE_{name}", str(tmp_path / name.lower()))
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "FINELINE_PATH"):
        monkeypatch.delenv(name, raising=False)
    # Keys of a test come faster than anybody reads.
    monkeypatch.setattr(panel, "TOO_SOON_S", 0.0)
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setattr(store_room, "_now", lambda: "2025-11-02T10:00:00.000+00:00")


@pytest.fixture
def voice() -> ScriptedVoice:
    return ScriptedVoice(["Hello there.", "This hose leaks."])


@pytest.fixture
def rooms(library: Library, detector: Detector, voice: ScriptedVoice) -> Rooms:
    return Rooms(library, detector, voice)


@pytest.fixture
def app(rooms: Rooms) -> FinelineApp:
    return FinelineApp(rooms)


@pytest.fixture
def open_store(tmp_path: Path) -> Callable[[], Store]:
    return lambda: Store.open(tmp_path / "data")


@pytest.fixture
def begun(rooms: Rooms) -> Callable[..., Any]:
    """Make a session with Dana and its recorder, as the briefing does."""

    async def begin(turns: list[Turn] | None = None) -> tuple[Session, SafeRecorder]:
        persona = rooms._shared[0].personas["dana"].value
        recorder = SafeRecorder()
        session = Session.begin(persona, "hose", "Dana", 41, voice=rooms.scripted, detector=rooms._shared[1], recorder=recorder)
        if turns is not None:
            session = Session(
                persona,
                session.scenario,
                session.identity,
                seed=41,
                voice=rooms.scripted,
                detector=rooms._shared[1],
                transcript=session.transcript.model_copy(update={"turns": turns}),
                recorder=recorder,
            )
        store = await rooms.store()
        assert store is not None
        recorder.attach(store.begin(session.transcript))
        return session, recorder

    return begin


@pytest.fixture
def wait_until() -> Callable[..., Any]:
    """Wait until something is true, or fail saying what was on the screen."""

    async def wait(pilot: Pilot[Any], predicate: Callable[[], Any], *, seconds: float = 8) -> None:
        until = time.monotonic() + seconds
        while not predicate():
            if time.monotonic() > until:
                raise AssertionError(f"It never came true. On the screen:\n{screen_text(pilot.app)}")
            await pilot.pause(0.01)

    return wait


@pytest.fixture
def text_of() -> Callable[[Any], str]:
    """Return what is on the screen as plain text."""
    return screen_text


def screen_text(app: Any) -> str:
    return "\n".join("".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips())
