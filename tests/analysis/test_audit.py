"""An audit finds what is planted, finds nothing in what ships, and tells styles apart."""

from __future__ import annotations

import asyncio
import json
from functools import cache
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.analysis.audit import Audit, audit, goodbye_loop, left_early, said_twice
from simulator.analysis.trainees import Style, styles
from simulator.authoring.library import Library, shipped_folders
from simulator.authoring.scaffold import PersonaIdea, persona_text
from simulator.cli import personas
from simulator.conversation.voices.builtin import BuiltinVoice
from simulator.domain.behaviour import Heard
from simulator.domain.persona import Persona
from simulator.domain.transcript import Transcript, Turn
from simulator.grading.judges.builtin import BuiltinJudge
from simulator.language.detector import Detector


@cache
def library() -> Library:
    return Library(shipped_folders(), None)


@cache
def detector() -> Detector:
    return Detector.load(library().catalogue)


def audited(persona: Persona, *, seed: int = 0, chosen: tuple[str, ...] = ("warm", "cold", "crossing", "faking")) -> Audit:
    return asyncio.run(
        audit(
            persona.model_copy(update={"scenarios": persona.scenarios[:1]}),
            voice=BuiltinVoice(detector().encoder),
            detector=detector(),
            judge=BuiltinJudge(detector(), library().catalogue),
            rubrics=[library().rubric(each) for each in persona.trains],
            seed=seed,
            chosen=[each for each in styles().styles if each.id in chosen],
        )
    )


@pytest.fixture
def begun(tmp_path: Path) -> Persona:
    """Return a persona as 'personas new' begins it."""
    path = tmp_path / "new.yaml"
    path.write_text(persona_text(PersonaIdea("new")), encoding="utf-8")
    return library().persona(str(path))


@pytest.mark.parametrize("name", sorted(library().personas))
def test_shipped_personas_hold(name: str) -> None:
    found = audited(library().persona(name))
    assert [str(each) for each in found.faults] == []
    warm = next(play for play in found.plays if play.style == "warm")
    cold = next(play for play in found.plays if play.style == "cold")
    assert warm.ending != cold.ending
    assert warm.levels["warmth"] > cold.levels["warmth"] if "warmth" in warm.levels else warm.levels != cold.levels
    assert not any(gap.alike for gap in found.gaps)


def test_the_same_seed_is_the_same_audit(begun: Persona) -> None:
    assert audited(begun, seed=3).as_json() == audited(begun, seed=3).as_json()


def test_a_new_persona_holds(begun: Persona) -> None:
    assert audited(begun, chosen=tuple(each.id for each in styles().styles)).faults == ()


def test_an_unfilled_slot_is_wrong(begun: Persona) -> None:
    scenario = begun.scenarios[0]
    opening = tuple(line.model_copy(update={"text": "Hello, it's my {kettel}."}) for line in scenario.opening[:1])
    broken = begun.model_copy(update={"scenarios": (scenario.model_copy(update={"opening": opening}),)})
    faults = audited(broken, chosen=("warm",)).faults
    assert ("unfilled slot", "{kettel}", 1) in {(each.kind, each.words, each.turn) for each in faults}


def test_a_customer_who_serves_is_out_of_role(begun: Persona) -> None:
    scenario = begun.scenarios[0]
    opening = tuple(line.model_copy(update={"text": "How can I help you today?"}) for line in scenario.opening[:1])
    broken = begun.model_copy(update={"scenarios": (scenario.model_copy(update={"opening": opening}),)})
    assert ("out of role", "assistant") in {(each.kind, each.detail) for each in audited(broken, chosen=("warm",)).faults}


def talk(*said: str, ending: str | None = None, move: str | None = None) -> Transcript:
    """Return a conversation of these words, the customer first; ``move`` is what the customer did last."""
    turns = [Turn(role="trainee" if at % 2 else "customer", text=text) for at, text in enumerate(said)]
    turns[-1] = turns[-1].model_copy(update={"move": move})
    return Transcript(id="t", turns=turns, ending=ending)


def test_goodbyes_without_end_are_a_loop(begun: Persona) -> None:
    loop = talk("Hi.", "Bye!", "Bye then!", "Bye!", "Goodbye!", "Bye!", "Bye-bye!")
    assert [each[:2] for each in goodbye_loop(loop, begun)] == [("goodbye loop", 7)]
    leaves = begun.endings[0].id
    assert list(goodbye_loop(talk("Hi.", "Bye!", "Bye then!", "Bye!", "Goodbye!", "x", "Bye!", move=leaves), begun)) == []


def test_leaving_at_once_is_premature_unless_driven_away(begun: Persona) -> None:
    leaves = begun.endings[0].id
    early = talk("Hi.", "Hello!", "I'm off.", ending=leaves)
    assert [each[0] for each in left_early(early, begun)] == ["premature ending"]
    early.turns[1] = early.turns[1].model_copy(update={"behaviours": (Heard(id="hostile", strength=0.9),)})
    assert list(left_early(early, begun)) == []
    assert list(left_early(talk("Hi.", "Hello!", "I'm off.", ending="out_of_lines"), begun)) == []


def test_the_same_sentence_twice_is_a_repeat() -> None:
    once = "I bought it here on the Saturday."
    assert [each[:2] for each in said_twice(talk(once, "When?", f"Look. {once}"))] == [("repeat", 3)]
    assert list(said_twice(talk("Right then.", "When?", "Right then."))) == []


def test_answers_go_first_and_come_once() -> None:
    style = Style(id="s", title="s", lines=("one", "two"), answers={"makes_advance": ("no",)})
    transcript = talk("Fancy a drink?")
    transcript.turns[0] = transcript.turns[0].model_copy(update={"shows": ("makes_advance",)})
    assert list(style.speak(transcript, ("bye",))) == ["no", "one", "two", "bye"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("CONFIG", "DATA", "CACHE"):
        monkeypatch.setenv(f"FINELINE_{name}", str(tmp_path / name.lower()))
    for name in ("FINELINE_PATH", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_the_command_reports_for_people_and_programs(here: Path) -> None:
    (here / "new.yaml").write_text(persona_text(PersonaIdea("new")), encoding="utf-8")
    shown = CliRunner().invoke(personas.app, ["audit", "./new.yaml"])
    assert shown.exit_code == 0, shown.output
    assert all(style.id in shown.stdout for style in styles().styles)
    made = CliRunner().invoke(personas.app, ["audit", "./new.yaml", "--json"])
    assert (json.loads(made.stdout)["ok"], json.loads(made.stdout)["conversations"]) == (True, 7)


def test_the_command_fails_where_something_is_wrong(here: Path) -> None:
    text = persona_text(PersonaIdea("new"))
    line = next(each for each in text.splitlines() if "opening:" in each)
    at = text.index(line) + len(line) + 1
    rest = text[at:]
    indent = len(rest) - len(rest.lstrip(" "))
    (here / "new.yaml").write_text(f"{text[:at]}{' ' * indent}- How can I help you today?\n{rest}", encoding="utf-8")
    shown = CliRunner().invoke(personas.app, ["audit", "./new.yaml", "-n", "6"])
    assert shown.exit_code == 1, shown.output
    assert "out of role: assistant" in shown.stdout
