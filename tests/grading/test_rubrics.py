"""The rubrics that ship: sound in form, and four ways of serving the same customer come out as what they are."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from simulator.domain.behaviour import Catalogue
from simulator.domain.rubric import Rubric
from simulator.domain.transcript import Transcript
from simulator.grading.judges.builtin import BuiltinJudge
from simulator.grading.judges.hearing import Hears
from simulator.grading.score import Score, score

Talk = Callable[..., Transcript]
SHIPPED = {"warmth", "boundaries", "authenticity", "service", "substantiation"}


def test_all_are_there_and_name_only_behaviours_their_speaker_can_show(rubrics: dict[str, Rubric], catalogue: Catalogue) -> None:
    assert set(rubrics) == SHIPPED
    speakers = {each.id: each.speakers for each in catalogue}
    for each in rubrics.values():
        assert each.summary and len(each.sources) >= 3
        for criterion in each.criteria:
            for named in (*criterion.met_by, *criterion.broken_by, *criterion.unless, *criterion.applies.trainee):
                assert "trainee" in speakers[named], (each.id, criterion.id, named)
            for named in criterion.applies.customer:
                assert "customer" in speakers[named], (each.id, criterion.id, named)
            assert criterion.examples.met and criterion.examples.not_met and criterion.advice, (each.id, criterion.id)


def test_a_reader_is_needed_for_little_enough_that_the_built_in_judge_can_give_levels(rubrics: dict[str, Rubric]) -> None:
    for each in rubrics.values():
        reader = sum(one.weight for one in each.criteria if not one.met_by and not one.broken_by)
        assert reader <= 0.2 * sum(one.weight for one in each.criteria), each.id


def test_friendly_banter_breaks_nothing(rubrics: dict[str, Rubric]) -> None:
    friendly = {"banters", "shows_friendly_interest", "makes_small_talk", "compliments_purchase", "compliments_taste"}
    for each in rubrics.values():
        for criterion in each.criteria:
            assert not friendly & {*criterion.broken_by, *criterion.unless, *criterion.applies.trainee}, (each.id, criterion.id)


@pytest.fixture
def levels(ear: Hears, talk: Talk, rubrics: dict[str, Rubric]) -> Callable[..., dict[str, int | None]]:
    def run(*lines: tuple[str, ...]) -> dict[str, int | None]:
        judge = BuiltinJudge(ear)
        hearing = judge.hear(talk(*lines))
        scores: dict[str, Score] = {each.id: score(each, judge.judge_heard(hearing, each).findings) for each in rubrics.values()}
        return {name: made.level for name, made in scores.items()}

    return run


def meet(*answers: tuple[str, ...]) -> list[tuple[str, ...]]:
    """One customer who complains, chats, asks out, pushes and asks for their money; four answers and a goodbye."""
    customer: list[tuple[str, ...]] = [
        ("c", "This hose leaks, I've had such a week", "complains", "voices_feeling", "asks_for_task"),
        ("c", "Lovely weather, and my cat got out again", "makes_small_talk", "banters"),
        ("c", "So what time do you finish, a drink?", "makes_advance"),
        ("c", "So can I have my money back?", "asks_for_task"),
    ]
    return [line for asked, answer in zip(customer, answers, strict=True) for line in (asked, ("t", *answer))]


WARM = meet(
    ("Oh no, what a week, when did you buy it?", "greets", "acknowledges_feeling", "asks_about_need", "takes_ownership"),
    ("Ha, mine does that, is she back?", "banters", "shows_friendly_interest", "offers_solution"),
    ("That's sweet, I keep it to work, now your hose", "names_a_limit_kindly", "redirects_to_task"),
    ("There you go, it's on your card, take care", "solves", "closes", "gives_information"),
)
COLD = meet(
    ("Receipt", "curt"),
    ("I would not know", "curt"),
    ("That's inappropriate", "names_a_limit_coldly"),
    ("Fill in the form", "gives_information"),
)
CROSSING = meet(
    ("Hey gorgeous, let me look at it for you", "greets", "compliments_appearance", "takes_ownership"),
    ("Is there a partner too, or just the cat?", "shows_intimate_interest"),
    ("I finish at six, here is my number", "reciprocates_advance", "shares_contact_details"),
    ("Anything for you, it's on your card", "solves"),
)
FAKING = meet(
    ("We apologise for any inconvenience", "apologises", "stock_phrase"),
    ("Your satisfaction is our priority", "stock_phrase"),
    ("Oh, another time, I am busy", "avoids_the_limit"),
    ("I guarantee you will never have a problem again", "overpromises"),
)


def test_four_styles_come_out_as_four_profiles(levels: Callable[..., dict[str, int | None]]) -> None:
    warm, cold, crossing, faking = (levels(*each) for each in (WARM, COLD, CROSSING, FAKING))
    assert all(warm[each] == 5 for each in ("warmth", "boundaries", "authenticity", "service")), warm
    assert cold["warmth"] == 1 and cold["boundaries"] in (2, 3) and (cold["service"] or 0) <= 2, cold
    assert crossing["boundaries"] == 1 and crossing["service"] in (4, 5) and crossing["warmth"] in (2, 3), crossing
    assert faking["authenticity"] == 1 and faking["boundaries"] in (2, 3) and faking["warmth"] in (1, 2), faking
    profiles = [tuple(sorted(each.items())) for each in (warm, cold, crossing, faking)]
    assert len(set(profiles)) == 4


def test_freezing_up_at_banter_costs_warmth_and_playing_along_costs_nothing(levels: Callable[..., dict[str, int | None]]) -> None:
    joke = ("c", "You hide the good croissants, don't you?", "banters", "asks_for_task")
    plays = levels(
        joke,
        ("t", "Under the till, don't tell anyone!", "banters"),
        joke,
        ("t", "I count them at night like sheep", "banters"),
        joke,
        ("t", "Morning, by the way", "greets"),
        joke,
        ("t", "Here is your coffee", "solves", "thanks"),
    )
    freezes = levels(joke, ("t", "We do not discuss that here", "curt"), joke, ("t", "Here is your coffee", "solves"))
    assert plays["warmth"] == 5 and plays["boundaries"] == 5
    assert freezes["warmth"] == 1 and freezes["boundaries"] == 4


def test_one_crossed_line_is_not_outweighed_by_charm(levels: Callable[..., dict[str, int | None]]) -> None:
    charmed = [*WARM, ("c", "Thank you", "ends"), ("t", "You have lovely eyes, you know", "compliments_appearance", "thanks")]
    assert levels(*charmed)["boundaries"] == 2
    assert levels(*charmed)["warmth"] == 5


def test_a_single_polite_exchange_is_no_five_by_default(levels: Callable[..., dict[str, int | None]]) -> None:
    made = levels(("c", "Hello", "greets"), ("t", "Hello, how can I help?", "greets"))
    assert made == {"warmth": 2, "boundaries": None, "authenticity": None, "service": None, "substantiation": None}


def test_three_short_friendly_turns_are_no_five(levels: Callable[..., dict[str, int | None]]) -> None:
    made = levels(
        ("c", "Morning, I've had an awful night", "voices_feeling", "makes_small_talk"),
        ("t", "Good morning", "greets"),
        ("c", "A flat white please", "asks_for_task"),
        ("t", "Oh no, poor you", "acknowledges_feeling"),
        ("c", "Thank you"),
        ("t", "Coming right up", "solves"),
    )
    assert made["warmth"] == 4


@pytest.mark.parametrize("skill", ["warmth", "boundaries", "authenticity", "service"])
def test_no_single_exchange_gets_a_five(
    skill: str, rubrics: dict[str, Rubric], levels: Callable[..., dict[str, int | None]]
) -> None:
    every = {name: {b for c in rubrics[skill].criteria for b in getattr(c, name)} for name in ("met_by", "broken_by", "unless")}
    asked = {b for c in rubrics[skill].criteria for b in c.applies.customer}
    good = sorted(every["met_by"] - every["broken_by"] - every["unless"])
    made = levels(("c", "All at once", *sorted(asked)), ("t", "All well said", *good))
    assert (made[skill] or 0) <= 4


def test_one_polite_formula_is_let_pass_and_a_script_is_not(levels: Callable[..., dict[str, int | None]]) -> None:
    asks, formula = ("c", "And the other one?", "asks_for_task"), ("t", "Anything else I can help you with", "stock_phrase")
    plain = ("t", "It is on the second shelf", "gives_information")
    once = levels(asks, plain, asks, plain, asks, formula)
    script = levels(asks, formula, asks, plain, asks, formula)
    assert (once["authenticity"] or 0) >= 2 and script["authenticity"] == 1


def test_a_short_decent_conversation_gets_a_decent_level(levels: Callable[..., dict[str, int | None]]) -> None:
    made = levels(
        ("c", "A flat white please", "asks_for_task"),
        ("t", "Morning, of course, having it here?", "greets", "asks_about_need"),
        ("c", "To go, thanks"),
        ("t", "There you go, enjoy the sun", "solves", "shows_friendly_interest", "closes"),
    )
    # Well done, and too little to call it a skill: the top level takes more than two turns.
    assert made["warmth"] == 4 and made["service"] == 4 and made["authenticity"] == 4
    assert made["boundaries"] is None and made["substantiation"] is None


def test_accusations_are_scored_only_where_there_are_any(levels: Callable[..., dict[str, int | None]]) -> None:
    charge = ("c", "You flirt with everyone who comes in", "accuses")
    asks = levels(
        charge, ("t", "What did you see?", "asks_for_specifics"), charge, ("t", "Shall we ask Priya?", "offers_solution")
    )
    strikes = levels(
        charge, ("t", "Says you of all people", "accuses", "hostile"), charge, ("t", "Whatever", "dismisses_feeling")
    )
    waves = levels(charge, ("t", "That is nothing"), charge, ("t", "Not at all, really"))
    assert asks["substantiation"] == 5 and strikes["substantiation"] == 1 and waves["substantiation"] in (2, 3)
