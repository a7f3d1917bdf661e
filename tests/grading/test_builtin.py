from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from simulator.domain.behaviour import Catalogue, Heard
from simulator.domain.grade import Finding
from simulator.domain.rubric import Applies, Criterion, Rubric
from simulator.domain.transcript import Transcript, Turn
from simulator.grading.evidence import verify
from simulator.grading.grade import grade
from simulator.grading.judges.builtin import BuiltinJudge
from simulator.grading.judges.hearing import Hears

Talk = Callable[..., Transcript]


def rubric(*criteria: Criterion) -> Rubric:
    levels = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five"}
    return Rubric(id="skill", title="Skill", levels=levels, thresholds=(0.25, 0.5, 0.75, 0.9), criteria=criteria)


@pytest.fixture
def find(ear: Hears, talk: Talk) -> Callable[..., Finding]:
    def run(criterion: dict[str, Any], *lines: tuple[str, ...], catalogue: Catalogue | None = None) -> Finding:
        judge = BuiltinJudge(ear, catalogue)
        made = Criterion(**({"id": "it", "asks": "Is it so?"} | criterion))
        transcript = talk(*lines)
        judgement = judge.judge_heard(judge.hear(transcript), rubric(made))
        (finding,) = judgement.findings
        assert all(each.holds for each in verify(transcript, finding.evidence)), "evidence must stand in the trainee's turns"
        return finding

    return run


LIMIT = {
    "applies": Applies(customer=("makes_advance",)),
    "met_by": ("names_a_limit_kindly",),
    "broken_by": ("reciprocates_advance",),
}
ADVANCE = ("c", "Drink later?", "makes_advance")
KIND = ("t", "That's sweet, but I keep it professional", "names_a_limit_kindly")
DODGE = ("t", "Ha, um, anyway")
YES = ("t", "Maybe later ;)", "reciprocates_advance")
CHAT = ("c", "Right, my hose")


def test_met_by_the_answer_with_the_words_that_show_it(find: Callable[..., Finding]) -> None:
    found = find(LIMIT, CHAT, DODGE, ADVANCE, KIND)
    assert (found.verdict, found.counted) == ("met", True)
    assert [(each.turn, each.quote) for each in found.evidence] == [(4, "That's sweet")]
    assert "turn 4" in found.reason


def test_the_next_turn_but_one_still_answers_and_a_later_one_does_not(find: Callable[..., Finding]) -> None:
    assert find(LIMIT, ADVANCE, DODGE, CHAT, KIND).verdict == "met"
    assert find(LIMIT, ADVANCE, DODGE, CHAT, DODGE, CHAT, KIND).verdict == "not_met"


def test_by_the_end_a_late_answer_is_one_and_an_early_one_is_not(find: Callable[..., Finding]) -> None:
    whole = LIMIT | {"by_the_end": True}
    assert find(whole, ADVANCE, DODGE, CHAT, DODGE, CHAT, KIND).verdict == "met"
    assert find(whole, CHAT, KIND, ADVANCE, DODGE, CHAT, DODGE).verdict == "not_met"
    assert find(whole, ADVANCE, KIND, CHAT, DODGE, CHAT, YES).verdict == "not_met"


def test_what_is_left_out_rests_on_what_was_said_instead(find: Callable[..., Finding]) -> None:
    found = find(LIMIT, CHAT, KIND, ADVANCE, DODGE)
    assert (found.verdict, found.counted) == ("not_met", True)
    assert [(each.turn, each.quote) for each in found.evidence] == [(4, "Ha, um, anyway")]
    assert "Turn 3 was the moment" in found.reason


def test_broken_once_is_not_met_however_well_it_was_answered_before(find: Callable[..., Finding]) -> None:
    found = find(LIMIT, ADVANCE, KIND, CHAT, DODGE, ADVANCE, YES)
    assert found.verdict == "not_met"
    assert [each.turn for each in found.evidence] == [6]


def test_one_answer_is_enough_unless_every_time_is_asked(find: Callable[..., Finding]) -> None:
    lines = (ADVANCE, KIND, CHAT, DODGE, ADVANCE, DODGE)
    assert find(LIMIT, *lines).verdict == "met"
    strict = find(LIMIT | {"every_time": True}, *lines)
    assert strict.verdict == "not_met"
    assert [each.turn for each in strict.evidence] == [6]


def test_not_applicable_without_an_occasion_an_answer_or_enough_turns(find: Callable[..., Finding]) -> None:
    assert find(LIMIT, CHAT, DODGE).verdict == "not_applicable"
    assert find(LIMIT, CHAT, DODGE, ADVANCE).verdict == "not_applicable"
    assert find({"met_by": ("greets",), "applies": Applies(min_turns=3)}, CHAT, DODGE, CHAT, DODGE).verdict == "not_applicable"
    assert find({"met_by": ("greets",)}, CHAT).verdict == "not_applicable"
    assert find({"met_by": ("greets",)}).verdict == "not_applicable"


def test_faint_signs_do_not_count(find: Callable[..., Finding]) -> None:
    assert find(LIMIT, ("c", "Hm?", "makes_advance?"), DODGE).verdict == "not_applicable"
    assert find(LIMIT, ADVANCE, ("t", "Well", "names_a_limit_kindly?")).verdict == "not_met"


def test_a_sign_in_words_that_void_it_does_not_count(find: Callable[..., Finding]) -> None:
    sorry = {"met_by": ("apologises",), "unless": ("stock_phrase",)}
    assert find(sorry, CHAT, ("t", "I'm sorry about your shed", "apologises")).verdict == "met"
    formula = find(sorry, CHAT, ("t", "We apologise for any inconvenience", "apologises", "stock_phrase"))
    assert (formula.verdict, formula.evidence[0].turn) == ("not_met", 2)


def test_a_formula_elsewhere_in_the_turn_voids_only_its_own_words(ear: Hears) -> None:
    turn = {"apologises": "{}", "stock_phrase": "Anything else I can help with today?"}

    def judged(apology: str) -> str:
        heard = tuple(Heard(id=name, strength=0.9, quote=quote.format(apology)) for name, quote in turn.items())
        text = f"{apology} Anything else I can help with today?"
        talk = Transcript(id="t", turns=[Turn(role="trainee", text=text, behaviours=heard)])
        judge = BuiltinJudge(ear)
        criterion = Criterion(id="it", asks="Is it so?", met_by=("apologises",), unless=("stock_phrase",))
        return judge.judge_heard(judge.hear(talk), rubric(criterion)).findings[0].verdict

    assert judged("I'm so sorry about your shed.") == "met"
    assert judged("We apologise for any inconvenience caused.") == "not_met"


def test_what_the_author_says_a_move_shows_calls_for_an_answer_however_it_is_worded(ear: Hears, talk: Talk) -> None:
    judge = BuiltinJudge(ear)
    asked = rubric(Criterion(id="it", asks="Is it so?", **LIMIT))  # type: ignore[arg-type]
    transcript = talk(("c", "They do a nice pie at the Swan of an evening"), DODGE)
    assert judge.judge_heard(judge.hear(transcript), asked).findings[0].verdict == "not_applicable"
    transcript.turns[0] = transcript.turns[0].model_copy(update={"move": "ask_out", "shows": ("makes_advance",)})
    assert judge.judge_heard(judge.hear(transcript), asked).findings[0].verdict == "not_met"


def test_silence_after_a_faint_occasion_is_held_against_nobody(find: Callable[..., Finding]) -> None:
    faint = ("c", "Quiet evenings, these", "makes_advance~")
    assert find(LIMIT, faint, DODGE).verdict == "not_applicable"
    assert find(LIMIT, faint, KIND).verdict == "met"
    assert find(LIMIT, faint, YES).verdict == "not_met"
    assert find(LIMIT, faint, DODGE, ADVANCE, DODGE).evidence[0].turn == 4
    assert find({"applies": LIMIT["applies"], "broken_by": ("curt",)}, faint, DODGE).verdict == "met"


def test_keeping_from_something_is_met_by_its_absence(find: Callable[..., Finding]) -> None:
    keep = {"broken_by": ("curt",)}
    assert find(keep, CHAT, DODGE).verdict == "met"
    broken = find(keep, CHAT, ("t", "No.", "curt"))
    assert (broken.verdict, broken.evidence[0].quote) == ("not_met", "No.")


def test_what_the_trainee_did_can_be_the_occasion(find: Callable[..., Finding]) -> None:
    kindly = {"applies": Applies(trainee=("names_a_limit_kindly", "names_a_limit_coldly")), "met_by": ("names_a_limit_kindly",)}
    assert find(kindly, CHAT, DODGE).verdict == "not_applicable"
    assert find(kindly, ADVANCE, KIND).verdict == "met"
    assert find(kindly, ADVANCE, ("t", "Stop it", "names_a_limit_coldly")).verdict == "not_met"


def test_without_behaviours_it_needs_a_reader(find: Callable[..., Finding]) -> None:
    found = find({}, CHAT, DODGE)
    assert (found.verdict, found.counted) == ("not_judged", False)
    assert "reader" in found.reason
    assert find({"applies": Applies(customer=("makes_advance",))}, CHAT, DODGE).verdict == "not_applicable"


def test_reasons_use_the_catalogues_titles(find: Callable[..., Finding], catalogue: Catalogue) -> None:
    assert "(names a limit kindly)" in find(LIMIT, ADVANCE, DODGE, catalogue=catalogue).reason


def test_conversation_wide_evidence_for_something_missing_is_the_longest_answer(find: Callable[..., Finding]) -> None:
    found = find(
        {"met_by": ("greets",)}, CHAT, ("t", "Yes."), CHAT, ("t", "The form is over there by the door."), CHAT, ("t", "")
    )
    assert (found.verdict, [each.turn for each in found.evidence]) == ("not_met", [4])


async def test_a_grade_carries_everything_needed_to_make_it_again(ear: Hears, talk: Talk) -> None:
    asked = rubric(Criterion(id="it", asks="Is it?", **LIMIT))  # type: ignore[arg-type]
    made = await grade(talk(ADVANCE, KIND), asked, BuiltinJudge(ear))
    assert (made.transcript, made.rubric, made.judge, made.status, made.level, made.score) == (
        "talk",
        "skill",
        "built-in",
        "scored",
        5,
        1,
    )
    assert made.versions.detector == "written-1" and made.versions.rubric == asked.digest and made.versions.prompt is None
    assert made == await grade(talk(ADVANCE, KIND), asked, BuiltinJudge(ear))


async def test_a_transcript_is_listened_to_once_for_all_rubrics_and_again_when_it_grows(
    ear: Hears, talk: Talk, rubrics: dict[str, Rubric]
) -> None:
    listened = []

    class Counting:
        version = "counting"
        hear = staticmethod(ear.hear)
        hear_many = staticmethod(ear.hear_many)

        def hear_all(self, transcript: Transcript) -> Sequence[tuple[Heard, ...]]:
            listened.append(len(transcript.turns))
            return ear.hear_all(transcript)

    judge, transcript = BuiltinJudge(Counting()), talk(ADVANCE, KIND)
    await asyncio.gather(*(grade(transcript, each, judge) for each in rubrics.values()))
    transcript.turns.extend(talk(CHAT, YES).turns)
    made = await grade(transcript, rubrics["boundaries"], judge)
    assert listened == [2, 4]
    assert made.findings == (await grade(transcript, rubrics["boundaries"], BuiltinJudge(ear))).findings


async def test_an_empty_transcript_is_not_scored(ear: Hears, rubrics: dict[str, Rubric]) -> None:
    for each in rubrics.values():
        made = await grade(Transcript(id="empty"), each, BuiltinJudge(ear))
        assert (made.status, made.level) == ("not_scored", None)


def test_a_changed_word_changes_the_digest_and_a_default_written_out_does_not() -> None:
    one = rubric(Criterion(id="it", asks="Is it?", met_by=("greets",)))
    same = rubric(Criterion(id="it", asks="Is it?", met_by=("greets",), weight=1, every_time=False))
    other = rubric(Criterion(id="it", asks="Is it so?", met_by=("greets",)))
    assert one.digest == same.digest != other.digest


def test_a_faint_joke_between_two_clear_ones_is_a_joke_and_a_rebuff_is_not(find: Callable[..., Finding]) -> None:
    joins = {"applies": Applies(customer=("banters",)), "met_by": ("banters",)}
    joke, dry, flat = ("c", "Ha, gotcha", "banters"), ("t", "It only talks to Siri", "banters?"), ("c", "Right then")
    assert find(joins, joke, dry, joke).verdict == "met"
    assert find(joins, joke, dry, flat).verdict == "not_met"
    assert find(joins, joke, ("t", "Not in the mood", "banters?", "curt"), joke).verdict == "not_met"


def test_what_is_tolerated_is_let_pass_and_said_so(find: Callable[..., Finding]) -> None:
    own = {"broken_by": ("stock_phrase",), "tolerates": 0.25}
    formula, plain = ("t", "Anything else, at all", "stock_phrase"), ("t", "On the shelf")
    found = find(own, CHAT, plain, CHAT, formula)
    assert (found.verdict, found.evidence[0].turn) == ("met", 4) and "let pass" in found.reason
    assert find(own, CHAT, formula, CHAT, formula).verdict == "not_met"
    assert find(own, *[CHAT, plain] * 6, CHAT, formula, CHAT, formula).verdict == "met"
    assert find(own | {"tolerates": 0}, CHAT, plain, CHAT, formula).verdict == "not_met"


def test_what_holds_the_whole_level_down_has_to_be_clear(find: Callable[..., Finding]) -> None:
    faint, clear = ("t", "What's your membership number", "asks_contact_details~"), ("t", "Text me", "asks_contact_details")
    keeps = {"broken_by": ("asks_contact_details",)}
    assert find(keeps, CHAT, faint).verdict == "not_met"
    assert find(keeps | {"cap_when_not_met": 1}, CHAT, faint).verdict == "met"
    assert find(keeps | {"cap_when_not_met": 1}, CHAT, clear).verdict == "not_met"
    named = keeps | {"applies": Applies(trainee=("asks_contact_details",)), "cap_when_not_met": 1}
    assert find(named, CHAT, faint).verdict == "not_applicable", "nobody earns points for a doubt"
    assert find(named, CHAT, clear).verdict == "not_met"


def test_a_feeling_drawn_out_by_the_trainee_was_answered(find: Callable[..., Finding]) -> None:
    meets = {"applies": Applies(customer=("voices_feeling",)), "met_by": ("acknowledges_feeling",)}
    felt, hard = ("c", "I forget what it is like", "voices_feeling"), ("t", "That must be hard", "acknowledges_feeling")
    found = find(meets, CHAT, hard, felt, DODGE)
    assert (found.verdict, found.evidence[0].turn) == ("met", 2)
    assert find(meets, CHAT, hard, CHAT, DODGE, felt, DODGE).verdict == "not_met"
    assert find(meets, felt, DODGE).verdict == "not_met"


async def test_many_transcripts_are_judged_at_once_as_one_by_one(ear: Hears, talk: Talk, rubrics: dict[str, Rubric]) -> None:
    talks = [talk(ADVANCE, KIND), talk(CHAT, YES), talk(ADVANCE, YES, CHAT, KIND), Transcript(id="empty")]
    wanted = [list(rubrics.values()), [rubrics["boundaries"]], [], list(rubrics.values())[:2]]
    judged = BuiltinJudge(ear).judge_many(talks, wanted)
    alone = [[await BuiltinJudge(ear).judge(each, one) for one in some] for each, some in zip(talks, wanted, strict=True)]
    assert judged == alone
