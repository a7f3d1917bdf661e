"""Four ways of serving the same customer, in real words heard by the real ear, come out as what they are."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from simulator.domain.behaviour import Catalogue
from simulator.domain.rubric import Rubric
from simulator.domain.transcript import Transcript, Turn
from simulator.grading.judges.builtin import BuiltinJudge
from simulator.grading.score import score
from simulator.language.detector import Detector

CUSTOMER = [
    "Hello! It's this hose, it leaks everywhere. I've had such a rotten week.",
    "Have you got time for a chat? My neighbour's cat got in again, you know.",
    "So what are you doing later? We could grab a drink, you and me.",
    "Oh well. So, can I get my money back?",
]
STYLES = {
    "warm": [
        "Oh no, I'm so sorry, that sounds like an awful week. Let's sort the hose at least. When did you buy it?",
        "Ha, that cat again! How's your garden doing otherwise? I can look the hose up by your card.",
        "That's kind of you and I'm flattered, but I keep things professional here. Now, let's get that refund done.",
        "There you go, the refund is on your card. Thank you for coming in, and take care!",
    ],
    "cold": ["Next.", "No.", "That's inappropriate. Stop it.", "It's on the sign."],
    "crossing": [
        "Hello gorgeous, you look amazing today.",
        "Do you live on your own? You have a beautiful smile.",
        "I finish at six, come and find me. Here's my number, text me.",
        "There you go, the refund is on your card.",
    ],
    "faking": [
        "We apologise for any inconvenience caused.",
        "Your satisfaction is our top priority.",
        "Oh, I don't know, I'm a bit busy.",
        "Is there anything else I can help you with today?",
    ],
}


@pytest.fixture(scope="module")
def judge(catalogue: Catalogue) -> BuiltinJudge:
    return BuiltinJudge(Detector.load(catalogue), catalogue)


@pytest.fixture(scope="module")
def levels(judge: BuiltinJudge, rubrics: dict[str, Rubric]) -> Callable[[str], dict[str, int]]:
    def run(style: str) -> dict[str, int]:
        turns = [
            turn
            for asked, said in zip(CUSTOMER, STYLES[style], strict=True)
            for turn in (Turn(role="customer", text=asked), Turn(role="trainee", text=said))
        ]
        hearing = judge.hear(Transcript(id=style, turns=turns))
        scores = {each.id: score(each, judge.judge_heard(hearing, each).findings) for each in rubrics.values()}
        return {name: made.level for name, made in scores.items() if made.level is not None}

    return run


def test_warm_and_clear_is_high_everywhere(levels: Callable[[str], dict[str, int]]) -> None:
    made = levels("warm")
    assert min(made[each] for each in ("warmth", "boundaries", "authenticity", "service")) >= 4, made


def test_the_other_styles_fall_where_they_fail(levels: Callable[[str], dict[str, int]]) -> None:
    cold, crossing, faking = levels("cold"), levels("crossing"), levels("faking")
    assert cold["warmth"] == 1 and cold["service"] <= 2, cold
    assert crossing["boundaries"] == 1 and crossing["service"] >= 3, crossing
    assert faking["authenticity"] == 1 and faking["warmth"] <= 3 and faking["service"] <= 2, faking
    assert cold["boundaries"] > crossing["boundaries"] and faking["boundaries"] > crossing["boundaries"]
    assert "substantiation" not in {*cold, *crossing, *faking}
