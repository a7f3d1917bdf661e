"""What is wrong with a persona, rubric or catalogue: said at once, in plain words, where it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.authoring.reading import kind_of, read
from simulator.authoring.yaml import load_yaml
from simulator.domain.behaviour import Catalogue
from simulator.domain.errors import Problem
from simulator.domain.persona import Persona

RUBRIC = """\
id: listening
title: Listening
levels: {1: a, 2: b, 3: c, 4: d, 5: e}
thresholds: [0.25, 0.5, 0.75, 0.9]
criteria:
  - {id: asks, asks: "Does the trainee ask?", met_by: [asks_about_need], broken_by: [curt]}
"""


@pytest.fixture
def problems(write, catalogue: Catalogue):
    """Return the problems of the example with something swapped."""

    def find(*swaps: tuple[str, str], text: str | None = None) -> list[Problem]:
        return list(read(write("x.yaml", text, *swaps), catalogue.ids).problems)

    return find


def test_the_example_of_the_guide_loads_as_it_is(write, catalogue: Catalogue) -> None:
    found = read(write(), catalogue.ids)
    assert found.problems == ()
    assert isinstance(found.value, Persona)
    assert found.value.voice.at_most == 2
    assert found.value.scenarios[0].facts[1].tell.source == "trust >= 6"
    assert found.value.moves[0].lines[0].text == "So when do you finish?"


@pytest.mark.parametrize(
    ("old", "new", "column", "message"),
    [
        ("summary:", "sumary:", 1, "there is no key 'sumary' (did you mean 'summary'?)"),
        ("difficulty: 2 ", "difficulty: 7 ", 13, "'difficulty' is the number 7; expected 3 or less"),
        ("difficulty: 2 ", "difficulty: hard ", 13, "'difficulty' is 'hard'; expected a whole number"),
        ("id: dana-misreads", "id: ../Dana", 5, "'../Dana' cannot be an id; expected lower-case"),
        ("[boundaries, warmth]", "[boundries, warmth]", 10, "(did you mean 'boundaries'?)"),
        ("[boundaries, warmth]", "boundaries", 9, "'trains' is 'boundaries'; expected a list"),
        ("name: Dana, pronouns", "name: 12, pronouns", 12, 'expected text: put it in quotes ("12")'),
        ("pronouns: she/her", "pronouns: she", 28, "one of she/her, he/him, they/them (did you mean 'she/her'?)"),
        ("she/her, age: 42", "she/her, age: 17", 42, "'age' is the number 17; expected 18 or more"),
        ("at_most: 2 sentences", "at_most: a few", 12, "write a number of sentences"),
        ("trust:    {start: 5", "trust:    {start: 11", 21, "'start' is the number 11; expected 10 or less"),
        ('when: "misread >= 7"', 'when: "misread = 7"', 34, "write == to compare"),
        ('when: "misread >= 7"', 'when: "misred >= 7"', 26, "there is no feeling 'misred'"),
        ('when: "misread >= 7"', 'when: "trust-misread >= 7"', 26, "(did you mean 'trust - misread'?)"),
        ('when: "misread >= 7"', 'when: "misread >= 7 and solves"', 43, "'solves' is a behaviour; expected said(solves)"),
        ('when: "misread >= 7"', 'when: "did(ask_ot) < 2"', 30, "there is no move 'ask_ot'"),
        ('when: "misread >= 7"', 'when: "sayd(solves)"', 26, "there is no function 'sayd'"),
        ('when: "misread >= 7"', "when: [misread]", 25, "a condition is written as text"),
        ("said(names_a_limit_kindly)", "said(names_a_limt_kindly)", 32, "(did you mean 'names_a_limit_kindly'?)"),
        ('tell: "trust >= 6"', 'tell: "trust >="', 37, "the condition of 'tell' cannot be read"),
        ("tell: asked", "tell: askd", 28, "(did you mean 'asked'?)"),
        ("  solves:  ", "  solvs:   ", 3, "there is no behaviour 'solvs' (did you mean 'solves'?)"),
        ("{misread: +3, trust: +1}", "{misred: +3, trust: +1}", 28, "there is no feeling 'misred'"),
        ("{misread: +3, trust: +1}", "{misread: lots, trust: +1}", 37, "'misread' is 'lots'; expected a number"),
        ("id: back_off", "id: ask_out", 10, "the move or ending 'ask_out' stands twice"),
        ("id: walks_out", "id: small_talk", 10, "the move or ending 'small_talk' stands twice"),
        ("id: walks_out", "id: stopped", 10, "an ending cannot be called 'stopped'"),
        ("id: lonely", "id: bought", 14, "the fact 'bought' stands twice"),
        ("name: Dan, ", "name: dana, ", 12, "the identity 'dana' stands twice"),
        ("patience: {start: 6", "turn: {start: 6", 3, "a feeling cannot be called 'turn'"),
        ('lines: ["Right. The hose."]', "lines: []", None, "'lines' is empty"),
        ('lines: ["Right. The hose."]', 'lines: "Right. The hose."', None, "expected a list (entries that begin with '- ')"),
        ('lines: ["Right. The hose."]', "lines: [5]", None, "item 1 of 'lines' is the number 5; expected text, or a mapping"),
        ('["Right. The hose."]', '[{text: "Right.", wen: "turn > 2"}]', None, "(did you mean 'when'?)"),
        ("{they} will wait", "{thay} will wait", None, "there is no slot {thay} (did you mean '{they}'?)"),
        ("would_return: ", "woud_return: ", None, "there is no key 'woud_return' (did you mean 'would_return'?)"),
        ('comfort: "10 - misread"', 'comfort: "10 - "', 39, "found the end"),
    ],
)
def test_one_mistake_is_one_problem_where_it_stands(problems, old: str, new: str, column: int | None, message: str) -> None:
    found = problems((old, new))
    assert message in str(found[0])
    place = new.split(maxsplit=1)[0]
    assert found[0].line is not None
    assert column is None or found[0].column == column, (place, found[0])


def test_all_problems_come_at_once_in_the_order_of_the_file(problems) -> None:
    found = problems(
        ("id: dana-misreads", "id: Dana"),
        ("summary: Reads", "sumary: Reads"),
        ("  solves:  ", "  solvs:   "),
        ('when: "misread >= 7"', 'when: "misread >="'),
        ('comfort: "10 - misread"', 'comfort: "10 - misred"'),
    )
    assert len(found) == 5
    assert [each.line for each in found] == sorted(each.line for each in found)
    assert all(each.line and each.column for each in found)


def test_a_missing_key_is_reported_where_it_should_stand(problems) -> None:
    (problem,) = problems(("    trainee: returns assistant\n", ""))
    assert "in item 1 of 'scenarios', the key 'trainee' is missing" in problem.message
    assert problem.expected == "the trainee's job, such as 'returns assistant'"
    assert problem.line == 15


def test_a_colon_in_a_line_is_explained(problems) -> None:
    (problem,) = problems(('["Lovely in here today.",', "[Well: hello,"))
    assert problem.message == "this line holds a colon and a space, so it reads as 'key: value'"
    assert problem.expected == "the whole line in quotes"


def test_slots_must_be_set_for_everybody(problems) -> None:
    use = ("chats, teases", "chats about {partner}")
    (problem,) = problems(use, ("he/him, age: 42", "he/him, age: 42, slots: {partner: Maria}"))
    assert problem.message == "the slot {partner} is not set for Dana"
    assert (
        problems(
            use,
            ("he/him, age: 42", "he/him, age: 42, slots: {partner: Maria}"),
            ("she/her, age: 42", "she/her, age: 42, slots: {partner: Joe}"),
        )
        == []
    )


def test_lines_of_a_scenario_belong_to_a_move_or_ending(problems) -> None:
    lines = ("    facts:\n", '    lines: {smalltalk: ["Hm."], walks_out: ["Bye."]}\n    facts:\n')
    (problem,) = problems(lines)
    assert str(problem).endswith("small_talk, walks_out (did you mean 'small_talk'?)")


def test_done_when_cannot_ask_for_itself(problems) -> None:
    (problem,) = problems(("    facts:\n", "    done_when: task_done\n    facts:\n"))
    assert "cannot ask for it" in problem.message


def test_without_a_catalogue_behaviours_are_not_judged(write) -> None:
    assert read(write("x.yaml", None, ("  solves:  ", "  solvs:   ")), None).problems == ()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("5: e", "6: e", "there is no level the number 6"),
        (", 5: e", "", "'levels' lacks level 5"),
        ("0.9]", "0.7]", "the threshold 0.7 is below the one before (0.75)"),
        ("0.9]", "9]", "the threshold 9 is no share"),
        (", 0.9]", "]", "'thresholds' holds 3 numbers"),
        ("[asks_about_need]", "[asks_about_ned]", "(did you mean 'asks_about_need'?)"),
        ("broken_by: [curt]", "broken_by: [asks_about_need]", "both meets and breaks"),
        ("broken_by: [curt]", "applies: {customer: [complans]}", "(did you mean 'complains'?)"),
        ("broken_by: [curt]", "cap_when_not_met: 9", "'cap_when_not_met' is the number 9; expected 5 or less"),
        ("title: Listening", "title: []", "'title' is a list; expected text"),
    ],
)
def test_rubrics_are_told_the_same_way(problems, old: str, new: str, message: str) -> None:
    assert problems(text=RUBRIC) == []
    found = problems((old, new), text=RUBRIC)
    assert any(message in str(each) for each in found), [str(each) for each in found]
    assert all(each.line and each.column for each in found)


def test_a_level_or_threshold_is_not_reported_twice(problems) -> None:
    assert len(problems((", 5: e", ""), text=RUBRIC)) == 1
    assert len(problems(("0.9]", "0.7]"), text=RUBRIC)) == 1


def test_catalogues_are_told_the_same_way(problems) -> None:
    first = "{id: a, title: A, description: d, examples: [x], after: [nothing_known]}"
    text = f"behaviours:\n  - {first}\n  - {{id: a, title: A, examples: [x]}}\n"
    found = [str(each) for each in problems(text=text)]
    assert len(found) == 3
    assert "there is no behaviour 'nothing_known'" in found[0]
    assert "the key 'description' is missing" in found[1]
    assert "the behaviour 'a' stands twice" in found[2]


@pytest.mark.parametrize(
    ("text", "name", "kind"),
    [
        ("behaviours: []", "x.yaml", "behaviours"),
        ("criteria: []\nid: x", "x.yaml", "rubric"),
        ("moves: []\nid: x", "x.yaml", "persona"),
        ("id: x", "rubrics/x.yaml", "rubric"),
        ("id: x", "x.yaml", "persona"),
        ("a: 1", "behaviours.yaml", "behaviours"),
    ],
)
def test_what_a_file_is_meant_to_be_is_read_from_its_keys(write, text: str, name: str, kind: str) -> None:
    path: Path = write(name, text)
    assert kind_of(load_yaml(path).data, path) == kind
