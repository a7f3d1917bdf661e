"""What loads may still be wrong: rules that never come, words that do not fit everybody, facts nobody can ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.authoring.check import check_file, check_paths
from simulator.authoring.lint_lines import sentences
from simulator.domain.behaviour import Catalogue
from simulator.domain.errors import Problem

E, W = "error", "warning"

ASKED = (
    ("tell: asked, text", "tell: asked, asked_by: [When was it bought?], text"),
    ('"trust >= 6", text', '"trust >= 6", asked_by: [How are things at home?], text'),
)


@pytest.fixture
def found(write, catalogue: Catalogue):
    """Return what is found in the example with something swapped, as codes and lines of text."""

    def find(*swaps: tuple[str, str]) -> list[Problem]:
        return check_file(write("x.yaml", None, *ASKED, *swaps), catalogue)

    return find


def test_the_example_has_nothing_wrong(found) -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("old", "new", "severity", "words"),
    [
        ('when: "misread >= 7"', 'when: "misread >= 11"', E, "hold; expected something misread can be, from 0 to 10"),
        ('when: "misread >= 7"', 'when: "misread >= 7 and misread < 3"', E, "'misread >= 7 and misread < 3' can never hold"),
        ('"task_done and trust >= 6"', '"true"', E, "the ending 'leaves_happy' always holds"),
        ('when: "misread >= 7"', 'when: "misread >= 0"', W, "always holds: leave it out"),
        ('when: "misread >= 7"', 'when: "patience <= 0"', W, "never reached: the ending 'walks_out' holds whenever it does"),
        ('"trust <= 1 or patience <= 0"', '"task_done and trust >= 8"', W, "'leaves_happy' above it holds whenever it does"),
        ('"trust <= 1 or patience <= 0"', '"patience <= 6"', W, "holds from the start, whatever the trainee says"),
        ("compliments_appearance: {misread: +3, trust: +1}", "stock_phrase: {trust: -1}", W, "nothing raises 'misread'"),
        ('tell: "trust >= 6"', 'tell: "trust > 10"', E, "the fact 'lonely': 'trust > 10' can never hold"),
        ('["Right. The hose."]', '[{text: Hm, when: "not said(names_a_limit_kindly)"}]', W, "never hold where it stands"),
        ("  curt:  ", "  complains:", W, "'complains' is something the customer does, so this reaction never comes"),
        ("{patience: -2}", "{}", W, "the reaction to 'curt' moves nothing"),
        ("{patience: -2}", "{patience: -12}", W, "-12 moves 'patience' from one end to the other at once"),
        ("warmth: trust", 'warmth: "trust > 3"', W, "'warmth' is true or false; expected a number"),
        ("warmth: trust", 'warmth: "trust + misread"', W, "'warmth' can be 0 to 20 and is cut off"),
        ('would_return: "trust >= 6"', "would_return: trust", W, "'would_return' is a number"),
        ('intent: "chats, teases"', 'intent: "chats, and teases him"', W, "'him' fits only some identities; expected {them}"),
        ('["Right. The hose."]', '["Dana is my name."]', W, "the name 'Dana' is typed in; expected {name}"),
        ('["Right. The hose."]', '["LOVELY in here, today!"]', W, "this line repeats line"),
        ('["Right. The hose."]', '["One. Two! Three?"]', W, "this line has 3 sentences; expected at most 2"),
        (", asked_by: [When was it bought?]", "", W, "no question asks for the fact 'bought'"),
        ('["Right. The hose."]', '["Quiet house since the divorce."]', W, "tells the fact 'lonely' before 'trust >= 6' holds"),
        ('["Right. The hose."]', '["\\e[1mRight."]', W, "control characters in this text are dropped"),
    ],
)
def test_each_slip_is_found_and_said_plainly(found, old: str, new: str, severity: str, words: str) -> None:
    problems = [each for each in found((old, new)) if words in str(each)]
    assert len(problems) == 1, [str(each) for each in found((old, new))]
    assert problems[0].severity == severity
    assert problems[0].line
    assert problems[0].column


def test_a_move_below_a_wider_one_waits_for_it(found) -> None:
    wide = '  - {id: jokes, when: "said(names_a_limit_kindly) or said(curt)", intent: jokes, lines: [Ha.]}\n'
    (problem,) = found(("  - {id: ask_out", wide + "  - {id: ask_out"))
    assert "'back_off' is reached only when every line of 'jokes' above it is said" in problem.message
    limited = wide.replace("intent:", "at_most: 1, intent:")
    assert found(("  - {id: ask_out", limited + "  - {id: ask_out")) == []


def test_an_urgent_move_does_not_wait_for_one_that_is_not(found) -> None:
    always = "  - {id: hums, intent: hums, lines: [Hm.]}\n"
    slow = found(("  - {id: ask_out", always + "  - {id: ask_out"))
    assert [each.code for each in slow] == ["unreachable", "unreachable"]
    urgent = ('when: "misread >= 7",', 'when: "misread >= 7", urgent: true,')
    assert [each.code for each in found(("  - {id: ask_out", always + "  - {id: ask_out"), urgent)] == ["unreachable"]


def test_a_move_that_waits_for_a_cue_is_in_nobodys_way(found) -> None:
    cued = "  - {id: hums, cued: true, intent: hums, lines: [{text: Hm., after: [Do you sing?]}]}\n"
    assert found(("  - {id: ask_out", cued + "  - {id: ask_out")) == []
    (problem,) = found(("  - {id: ask_out", cued.replace("after: [Do you sing?]", "after: []") + "  - {id: ask_out"))
    assert "'hums' is never reached: it waits for a cue" in problem.message


def test_where_no_ending_can_be_reached_it_is_an_error(found) -> None:
    problems = found(('"task_done and trust >= 6"', '"trust > 10"'), ('"trust <= 1 or patience <= 0"', '"patience < 0"'))
    assert ("error", "no ending can be reached") in [(each.severity, each.message) for each in problems]


def test_a_task_that_is_never_done_is_named_as_the_reason(found) -> None:
    problems = found(("    facts:\n", "    done_when: ever(complains)\n    facts:\n"))
    assert any("task_done never becomes true" in each.message for each in problems)


def test_pronouns_of_other_people_in_lines_are_nobodys_business(found) -> None:
    assert found(('["Right. The hose."]', '["He said it would last, my neighbour."]')) == []


def test_a_name_that_is_a_word_may_begin_a_sentence(found) -> None:
    named = ("name: Dan,", "name: Will,")
    assert found(named, ('["Right. The hose."]', '["Will you look? Will it hold?"]')) == []
    (problem,) = found(named, ('["Right. The hose."]', '["Call me Will, please."]'))
    assert problem.code == "name"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("One", 1), ("One.", 1), ("One. Two", 2), ("Well… anyway.", 1), ("Well… Anyway.", 2), ("Really?! Yes.", 2),
        ('He said "no." And left.', 2), ("It was 2.50 each.", 1), ("Hm.", 1), ("Right. {Name} it is.", 2), ("What?! No!! Ok.", 3),
    ],
)  # fmt: skip
def test_sentences_are_counted_as_people_count_them(text: str, count: int) -> None:
    assert sentences(text) == count


def test_files_and_folders_are_checked_and_broken_ones_do_not_stop_the_rest(write, tmp_path: Path, catalogue: Catalogue) -> None:
    write("a.yaml", None, *ASKED)
    write("deep/b.yml", "a: [")
    write("deep/c.yaml", None, *ASKED, ("id: dana", "id: other"), ("misread >= 7", "misread >="))
    write(".hidden.yaml", "a: [")
    write("notes.txt", "a: [")
    (tmp_path / "deep" / "round").symlink_to(tmp_path)
    report = check_paths([tmp_path, tmp_path / "gone.yaml"], known=catalogue)
    assert [path.name for path in report.files] == ["a.yaml", "b.yml", "c.yaml", "gone.yaml"]
    assert (report.errors, report.warnings) == (3, 0)
    assert [Path(each.path).name for each in report.problems] == ["b.yml", "c.yaml", "gone.yaml"]


def test_an_id_is_taken_once_in_a_folder(write, tmp_path: Path, catalogue: Catalogue) -> None:
    write("a.yaml", None, *ASKED)
    write("b.yaml", None, *ASKED)
    write("other/c.yaml", None, *ASKED)
    (problem,) = check_paths([tmp_path], known=catalogue).problems
    assert problem.message == "the id 'dana-misreads' is taken by a.yaml"


def test_behaviours_defined_beside_a_persona_count(write, tmp_path: Path, catalogue: Catalogue) -> None:
    write("a.yaml", None, *ASKED, ("  curt:  ", "  hums_a_tune:"))
    assert check_paths([tmp_path], known=catalogue).errors == 1
    own = "behaviours:\n  - {id: hums_a_tune, title: Hums, description: Hums, examples: [Hm hm.], near_misses: [Hm?]}\n"
    write("behaviours.yaml", own)
    assert check_paths([tmp_path], known=catalogue).problems == ()


def test_any_number_of_workers_finds_the_same(write, tmp_path: Path, catalogue: Catalogue) -> None:
    for number in range(120):
        write(f"p{number:03}.yaml", "a: [" if number % 40 == 0 else f"id: p{number}\nmoves: []\n")
    alone = check_paths([tmp_path], known=catalogue)
    assert check_paths([tmp_path], known=catalogue, workers=2) == alone
    assert len(alone.files) == 120


RUBRIC = """\
id: listening
title: Listening
sources: [Our own practice]
levels: {1: a, 2: b, 3: c, 4: d, 5: e}
thresholds: [0.25, 0.5, 0.75, 0.9]
criteria:
  - id: asks
    asks: Does the trainee ask?
    met_by: [asks_about_need]
    examples: {met: [What do you need?], not_met: [Next!]}
"""


@pytest.mark.parametrize(
    ("old", "new", "severity", "words"),
    [
        ("sources: [Our own practice]\n", "", W, "names no sources"),
        ("[0.25, 0.5,", "[0.5, 0.5,", W, "two thresholds are the same"),
        ("[asks_about_need]", "[complains]", W, "'complains' is not something a trainee does"),
        ("    met_by:", "    applies: {customer: [solves]}\n    met_by:", W, "'solves' is not something a customer does"),
        (", not_met: [Next!]", "", W, "no 'not_met' example"),
        ("not_met: [Next!]", "not_met: [what do you need?]", E, "stands on both sides of the line"),
    ],
)
def test_rubrics_are_looked_through(write, catalogue: Catalogue, old: str, new: str, severity: str, words: str) -> None:
    assert check_file(write("r.yaml", RUBRIC), catalogue) == []
    found = check_file(write("r.yaml", RUBRIC, (old, new)), catalogue)
    assert [each.severity for each in found if words in str(each)] == [severity]


def test_catalogues_are_looked_through(write, catalogue: Catalogue) -> None:
    text = "behaviours:\n  - {id: a, title: A, description: d, examples: [x y], near_misses: [X  y]}\n"
    text += "  - {id: b, title: B, description: d, examples: [z]}\n"
    assert [each.severity for each in check_file(write("b.yaml", text), catalogue)] == [E, "warning"]
