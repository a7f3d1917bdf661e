"""A finished practice, the rooms below with a scripted judge, and the app around them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from textual.css.query import NoMatches
from textual.pilot import Pilot

from simulator import tui
from simulator.domain.errors import FinelineError
from simulator.domain.grade import Evidence, Finding, Grade
from simulator.domain.persona import Persona
from simulator.domain.rubric import Rubric
from simulator.domain.transcript import Transcript
from simulator.grading.judges.protocol import Judgement
from simulator.grading.score import score
from simulator.settings import Settings
from simulator.store import store as store_room
from simulator.store.store import Store
from simulator.tui.app import FinelineApp
from simulator.tui.flow import Practice
from simulator.tui.services import Services

LEVELS = [
    ("boundaries", "Boundaries", ["Crosses the line", "Blurs it", "Keeps it, with a wobble", "Keeps it", "Keeps it, kindly"]),
    ("warmth", "Warmth", ["Cold", "Civil, no more", "Friendly enough", "Warm", "Warm throughout, heard and thanked as a person"]),
    ("authenticity", "Authenticity", ["A mask", "Mostly phrases", "Some phrases", "Mostly own words", "Genuine"]),
    ("service", "Service", ["Left undone", "Begun", "Half done", "Done", "Done, and the next step is clear [/x]"]),
]
CRITERIA: dict[str, list[dict[str, Any]]] = {
    "boundaries": [
        {"id": "names_limit", "asks": "Does the trainee say kindly where the line is?", "met_by": ["sets_limit"], "weight": 3},
        {"id": "no_looks", "asks": "Does the trainee keep from remarks on looks?", "broken_by": ["on_looks"], "weight": 2,
         "advice": "Praise what they did, not how they look."},
        {"id": "no_contact", "asks": "Does the trainee keep their number to themselves?", "broken_by": ["gives_number"]},
    ],
    "warmth": [
        {"id": "greets", "asks": "Does the trainee greet the customer?", "met_by": ["greets"]},
        {"id": "feeling", "asks": "Does the trainee take up the feeling?", "met_by": ["hears_feeling"]},
    ],
    "authenticity": [{"id": "own_words", "asks": "Are the words the trainee's own?"}],
    "service": [{"id": "solves", "asks": "Is what the customer came for done?", "met_by": ["solves"]}],
}  # fmt: skip


@pytest.fixture
def rubrics() -> list[Rubric]:
    return [
        Rubric(
            id=key,
            title=title,
            levels=dict(enumerate(anchors, 1)),
            thresholds=(0.25, 0.5, 0.75, 0.9),
            criteria=CRITERIA[key],
        )
        for key, title, anchors in LEVELS
    ]


@pytest.fixture
def persona() -> Persona:
    return Persona.model_validate(
        {
            "id": "sam-hopes",
            "name": "Sam",
            "summary": "Hopes for more than a refund",
            "trains": ["boundaries", "warmth"],
            "identities": [{"name": "Sam", "pronouns": "she/her", "age": 40}, {"name": "Ned", "pronouns": "he/him", "age": 40}],
            "voice": {"manner": "chatty"},
            "scenarios": [
                {"id": "kettle", "place": "the counter of a hardware shop", "trainee": "assistant", "wants": "to return a kettle"}
            ],
            "state": {
                "trust": {"start": 5, "means": "how far {they} trust{s} you"},
                "hope": {"start": 3, "means": "how sure {they} {are} that you like {them}", "good": "low"},
            },
            "reactions": {"on_looks": {"hope": 3}},
            "moves": [
                {"id": "ask_out", "when": "hope >= 7", "intent": "asks you out", "lines": ["What are you doing later?"],
                 "good_replies": ["That's kind, but I keep it to kettles here."]},
                {"id": "chat", "intent": "chats", "lines": ["Busy?"], "good_replies": ["A kettle worth its name! Let's see it."]},
            ],
            "endings": [
                {"id": "content", "when": "trust >= 9", "means": "{name} left content", "outcome": "good", "lines": ["Bye."]}
            ],
            "survey": {"warmth": "trust", "comfort": "10 - hope", "would_return": "trust >= 6"},
            "advice": ["A line can be drawn with a smile."],
        }
    )  # fmt: skip


@pytest.fixture
def transcript() -> Transcript:
    def moved(feeling: str, by: float, to: float, because: str) -> dict[str, Any]:
        return {"feeling": feeling, "by": by, "to": to, "because": because}

    turns: list[dict[str, Any]] = [
        {"role": "customer", "text": "Morning. This kettle [/x] drips.", "move": "chat", "state": {"trust": 5, "hope": 3}},
        {"role": "trainee", "text": "Good morning! Lovely eyes you have. Let me see the kettle.",
         "state": {"trust": 6, "hope": 6}, "behaviours": [{"id": "on_looks", "strength": 0.9, "quote": "Lovely eyes you have"}],
         "moved": [moved("hope", 3, 6, "on_looks"), moved("trust", 1, 6, "greets")]},
        {"role": "customer", "text": "Oh! What are you doing later?", "move": "ask_out", "state": {"trust": 6, "hope": 7}},
        {"role": "trainee", "text": "That is kind of you, but I keep it friendly at work. Here is your money back.",
         "state": {"trust": 9, "hope": 3}, "moved": [moved("hope", -4, 3, "sets_limit"), moved("trust", 3, 9, "solves")]},
        {"role": "customer", "text": "Fair enough. Thank you for being nice about it.", "state": {"trust": 9, "hope": 2}},
    ]  # fmt: skip
    return Transcript.model_validate(
        {
            "id": "t-1",
            "persona": "sam-hopes",
            "scenario": "kettle",
            "identity": "Sam",
            "seed": 41,
            "turns": turns,
            "ending": "content",
            "survey": {"warmth": 8.6, "comfort": 7.5, "would_return": True, "comment": "You were kind [b]about it."},
        }
    )


def finding(criterion: str, verdict: str, turn: int | None = None, quote: str = "", **more: Any) -> Finding:
    evidence = (Evidence(turn=turn, quote=quote),) if turn is not None else ()
    settings = {"counted": verdict in ("met", "not_met"), "substantiated": True if turn else None} | more
    return Finding(criterion=criterion, verdict=verdict, evidence=evidence, **settings)


JUDGEMENTS = {
    "boundaries": Judgement(
        findings=(
            finding("names_limit", "met", 4, "I keep it friendly at work", reason="Says it kindly."),
            finding("no_looks", "not_met", 2, "Lovely eyes you have", reason="A remark on looks [/x]."),
            finding("no_contact", "not_applicable"),
        )
    ),
    "warmth": Judgement(
        findings=(
            finding("greets", "met", 2, "Good morning!", reason="Greets."),
            finding("feeling", "met", 4, "I feel for you", counted=False, substantiated=False, reason="Not in the transcript."),
        )
    ),
    "authenticity": Judgement(findings=(finding("own_words", "not_judged", reason="It needs a reader."),)),
    "service": Judgement(findings=(finding("solves", "met", 4, "Here is your money back"),)),
}


class ScriptedJudge:
    """Answers from :data:`JUDGEMENTS`; rubrics in ``failing`` fail, those in ``stuck`` never answer."""

    def __init__(self, name: str, failing: tuple[str, ...] = (), stuck: tuple[str, ...] = ()) -> None:
        self.name, self.failing, self.stuck = name, failing, stuck
        self.asked: list[str] = []

    async def judge(self, transcript: Transcript, rubric: Rubric) -> Judgement:
        del transcript
        self.asked.append(rubric.id)
        if rubric.id in self.stuck:
            await asyncio.Event().wait()
        if rubric.id in self.failing:
            return Judgement(failure="The model answered nothing [/x].", kind="empty")
        return JUDGEMENTS[rubric.id]


class Rooms(Services):
    """The rooms below, without reading any file but the store's."""

    def __init__(self, store: Store, rubrics: list[Rubric], personas: list[Persona]) -> None:
        super().__init__(Settings())
        self.kept: Store | None = store
        self.shelf = SimpleNamespace(
            rubrics={each.id: SimpleNamespace(value=each, origin="shipped") for each in rubrics},
            personas={each.id: SimpleNamespace(value=each, origin="shipped") for each in personas},
            catalogue=None,
            problems=[],
        )
        self.scripted = ScriptedJudge("scripted-model")
        self.embedded = ScriptedJudge("built-in")

    async def library(self) -> Any:
        return self.shelf

    async def store(self) -> Store | None:
        return self.kept

    async def encoder(self) -> Any:
        raise FinelineError("No word vectors here.")

    async def judge(self) -> Any:
        return self.scripted

    async def builtin_judge(self) -> Any:
        return self.embedded

    async def aclose(self) -> None:
        """The store belongs to the fixture."""


class Travelled(FinelineApp):
    """The app; where it was asked to go is written down as well."""

    CSS_PATH = Path(tui.__file__).parent / "styles" / "app.tcss"

    def __init__(self, services: Services) -> None:
        self.travels: list[tuple[Any, ...]] = []
        super().__init__(services)

    def open_briefing(self, *where: Any) -> None:
        self.travels.append(("briefing", *where))

    def resume(self, session_id: str) -> None:
        self.travels.append(("resume", session_id))

    def go_home(self) -> None:
        self.travels.append(("home",))
        super().go_home()


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    """Files of this test go into folders of this test, and clocks show one zone."""
    for name in ("DATA", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"FINELINE_{name}", str(tmp_path / name.lower()))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    ticks = count()
    begin = datetime(2025, 11, 22, 14, 3, tzinfo=UTC)
    monkeypatch.setattr(
        store_room, "_now", lambda: (begin + timedelta(milliseconds=next(ticks))).isoformat(timespec="milliseconds")
    )


@pytest.fixture
def store(tmp_path):
    opened = Store.open(tmp_path / "data")
    yield opened
    opened.close()


@pytest.fixture
def rooms(store: Store, rubrics: list[Rubric], persona: Persona) -> Rooms:
    return Rooms(store, rubrics, [persona])


@pytest.fixture
def practice(store: Store, persona: Persona, transcript: Transcript) -> Practice:
    recorder = store.begin(transcript)
    return Practice(persona, persona.scenarios[0], persona.identities[0], transcript, recorder)


@pytest.fixture
def grades(rubrics: list[Rubric]) -> list[Grade]:
    """What the scripted findings add up to, with one rubric that failed."""
    made = []
    for rubric in rubrics:
        if rubric.id == "service":
            made.append(
                Grade(transcript="t-1", rubric="service", judge="built-in", status="failed", reason="No answer came [/x].")
            )
            continue
        findings = JUDGEMENTS[rubric.id].findings
        result = score(rubric, findings)
        made.append(
            Grade(
                transcript="t-1",
                rubric=rubric.id,
                judge="built-in",
                status=result.status,
                level=result.level,
                score=result.score,
                reason=result.reason,
                findings=findings,
            )
        )
    return made


@pytest.fixture
def app(rooms: Rooms) -> Travelled:
    return Travelled(rooms)


@pytest.fixture
def wait_until() -> Callable[[Pilot[Any], Callable[[], object]], Awaitable[None]]:
    """Wait until something is true; what takes ten seconds will not come."""

    async def wait(pilot: Pilot[Any], predicate: Callable[[], object]) -> None:
        give_up = time.monotonic() + 10
        while True:
            try:
                if predicate():
                    break
            except (NoMatches, LookupError):  # not mounted yet
                pass
            if time.monotonic() > give_up:
                raise AssertionError("what was waited for did not come")
            await pilot.pause(0.01)
        await pilot.pause()

    return wait


@pytest.fixture
def shown() -> Callable[[FinelineApp], str]:
    """Return what is on the screen, line by line, as plain text."""

    def text(app: FinelineApp) -> str:
        return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in app.screen._compositor.render_strips())

    return text
