"""New files are valid at once, and pages explain what there is."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.authoring.check import check_file
from simulator.authoring.explain import persona_page, rubric_page
from simulator.authoring.reading import read, use
from simulator.authoring.scaffold import SKILLS, PersonaIdea, RubricIdea, check_id, persona_text, rubric_text, write_new
from simulator.authoring.yaml import parse_yaml
from simulator.domain.behaviour import Catalogue
from simulator.domain.errors import AuthoringError, FinelineError, UsageError
from simulator.domain.persona import Persona
from simulator.domain.rubric import Rubric


def test_a_new_persona_has_nothing_wrong_and_says_what_it_was_told(write, catalogue: Catalogue) -> None:
    idea = PersonaIdea("late-guest", "Late guest", 'Says "hello: you" # twice', wants="return a hat", trains=SKILLS, difficulty=3)
    path = write("late-guest.yaml", persona_text(idea))
    assert check_file(path, catalogue) == []
    persona = use(read(path, catalogue.ids))
    assert isinstance(persona, Persona)
    assert (persona.id, persona.name, persona.summary, persona.difficulty) == ("late-guest", idea.name, idea.summary, 3)
    assert persona.scenarios[0].wants == "to return a hat"
    assert persona.trains == SKILLS
    assert len({identity.pronouns for identity in persona.identities}) == 3


def test_a_new_rubric_has_nothing_wrong(write, catalogue: Catalogue) -> None:
    text = rubric_text(RubricIdea("listening", behaviours=["asks_about_need", "explores_feeling"]), catalogue)
    path = write("listening.yaml", text)
    assert check_file(path, catalogue) == []
    rubric = use(read(path, catalogue.ids))
    assert isinstance(rubric, Rubric)
    assert rubric.criteria[0].met_by == ("asks_about_need", "explores_feeling")


@pytest.mark.parametrize(
    ("word", "hint"),
    [("My Persona", "my-persona"), ("../etc/passwd", "etc-passwd"), ("é", "letter"), ("7up", "letter"), ("", "letter")],
)
def test_ids_are_never_paths(word: str, hint: str) -> None:
    with pytest.raises(UsageError) as error:
        check_id(word)
    assert hint in error.value.hint


def test_what_cannot_be_is_refused_before_anything_is_written(catalogue: Catalogue) -> None:
    with pytest.raises(UsageError, match="Did you mean 'warmth'"):
        persona_text(PersonaIdea("x", trains=["warmt"]))
    with pytest.raises(UsageError, match="Did you mean 'solves'"):
        rubric_text(RubricIdea("x", behaviours=["solvs"]), catalogue)
    with pytest.raises(AuthoringError, match="'summary' is empty"):
        persona_text(PersonaIdea("x", summary=" "))
    with pytest.raises(AuthoringError, match=r"no slot \{partner\}"):
        persona_text(PersonaIdea("x", place="with {partner}"))


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "personas" / "x.yaml"
    assert [each.name for each in write_new(path, "first", "persona")] == ["x.yaml", "persona.schema.json"]
    with pytest.raises(FinelineError, match="exists already"):
        write_new(path, "second", "persona")
    assert path.read_text() == "first"
    assert [each.name for each in write_new(tmp_path / "personas" / "y.yaml", "z", "persona")] == ["y.yaml"]
    assert sorted(each.name for each in path.parent.iterdir()) == ["persona.schema.json", "x.yaml", "y.yaml"]


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=60))
def test_whatever_people_answer_it_stays_one_text(answer: str) -> None:
    try:
        text = persona_text(PersonaIdea("x", summary=answer))
    except AuthoringError:
        return
    data = parse_yaml(text, "x").data
    assert isinstance(data["summary"], str)
    assert list(data) == list(parse_yaml(persona_text(PersonaIdea("x")), "x").data)


def test_the_page_of_a_persona_says_what_moves_it_and_what_is_never_reached(write, catalogue: Catalogue) -> None:
    path = write("x.yaml", None, ('when: "misread >= 7"', 'when: "misread >= 11"'))
    found = read(path, catalogue.ids)
    assert isinstance(found.value, Persona)
    assert found.document is not None
    page = persona_page(found.value, found.document, "here", catalogue)
    lines = [line.strip() for line in page.splitlines()]
    assert "Dana · dana-misreads" in lines
    assert "trust: how far they trust you (starts at 5; can be 0 to 10; high is good)" in lines
    assert "+ solves 2, compliments_appearance 1, names_a_limit_kindly 1" in lines
    assert "– names_a_limit_coldly 3" in lines
    assert "walks_out (mixed) when trust <= 1 or patience <= 0" in lines
    at = next(index for index, line in enumerate(lines) if line.startswith("ask_out when"))
    assert lines[at + 1].startswith("! never reached")
    assert max(len(line) for line in lines if line != f"here: {path}") <= 96


def test_the_page_of_a_rubric_says_what_meets_and_breaks_it(write, catalogue: Catalogue) -> None:
    found = read(write("r.yaml", rubric_text(RubricIdea("listening"), catalogue)), catalogue.ids)
    assert isinstance(found.value, Rubric)
    page = rubric_page(found.value, "r.yaml", "here")
    assert "met by acknowledges_feeling" in page
    assert "broken by hostile, condescends" in page
    assert "caps the level at 2 when not met" in " ".join(page.split())
    assert "3 (from 50% of the applicable weight)" in page
