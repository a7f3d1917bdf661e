from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.domain.grade import Evidence, Finding, Usage
from simulator.domain.rubric import Criterion, Rubric
from simulator.domain.transcript import Transcript, Turn
from simulator.grading.grade import grade
from simulator.grading.judges.model import ModelJudge
from simulator.grading.judges.panel import Panel
from simulator.grading.judges.protocol import Judgement
from simulator.models.errors import ModelError
from simulator.models.scripted import ScriptedModel

RUBRIC = Rubric(
    id="kind",
    title="Kind",
    levels={1: "one", 2: "two", 3: "three", 4: "four", 5: "five"},
    thresholds=(0.25, 0.5, 0.75, 0.9),
    criteria=(Criterion(id="warm", asks="Is it warm?", met_by=("warm",)), Criterion(id="thanks", asks="Do they thank?")),
)
TALK = Transcript(
    id="t",
    turns=[
        Turn(role="customer", text="It broke."),
        Turn(role="trainee", text="I'm so sorry, let me look. Thank you for bringing it."),
        Turn(role="customer", text="Thanks."),
        Turn(role="trainee", text="There you go, all mended."),
    ],
)
Answer = Literal["met", "not_met", "not_applicable", "not_judged", "unsubstantiated"]


def finding(criterion: str, answer: Answer, *quotes: tuple[int, str], reason: str = "So it is.") -> Finding:
    if answer == "unsubstantiated":
        return Finding(criterion=criterion, verdict="met", reason=reason, counted=False, substantiated=False)
    counted = answer in ("met", "not_met")
    evidence = tuple(Evidence(turn=turn, quote=quote) for turn, quote in quotes)
    return Finding(
        criterion=criterion, verdict=answer, evidence=evidence, reason=reason, counted=counted, substantiated=counted or None
    )


class Fixed:
    """Finds what it is told to; with ``fails`` it fails that way first, so many times."""

    def __init__(self, name: str, *findings: Finding, fails: str = "", times: int = 99) -> None:
        self.name = name
        self.findings = findings
        self.fails = fails
        self.times = times
        self.asked = 0

    async def judge(self, transcript: Transcript, rubric: Rubric) -> Judgement:
        self.asked += 1
        usage = Usage(input_tokens=10, output_tokens=1, calls=1)
        if self.fails and self.asked <= self.times:
            return Judgement(failure=f"It was {self.fails}.", kind=self.fails, usage=usage)
        return Judgement(findings=self.findings, usage=usage, prompt=f"p-{self.name}")


def says(name: str, warm: Answer, thanks: Answer = "not_applicable", *quotes: tuple[int, str]) -> Fixed:
    return Fixed(name, finding("warm", warm, *quotes), finding("thanks", thanks))


async def on_warm(*members: Fixed) -> Finding:
    return (await Panel(members).judge(TALK, RUBRIC)).findings[0]


async def test_what_more_than_half_found_is_the_verdict() -> None:
    found = await on_warm(says("a", "met"), says("b", "not_met"), says("c", "met"))
    assert (found.verdict, found.counted, found.substantiated) == ("met", True, True)
    assert found.reason == "a, c: met; b: not met. So it is."


async def test_a_tie_is_left_undecided_and_does_not_count() -> None:
    found = await on_warm(says("a", "met", "met", (2, "so sorry")), says("b", "not_met", "met", (4, "There you go")))
    assert (found.verdict, found.counted) == ("not_judged", False)
    assert [each.turn for each in found.evidence] == [2, 4], "whoever decides sees what either rests on"
    assert found.reason == "Undecided. a: met; b: not met."


async def test_the_grade_says_what_was_undecided() -> None:
    made = await grade(TALK, RUBRIC, Panel([says("a", "met", "met"), says("b", "not_met", "met")]))
    assert (made.level, made.reason) == (5, "1 of 1 points met: level 5. The judges were undecided on warm.")
    unjudged = await grade(TALK, RUBRIC, Panel([says("a", "not_judged", "met"), says("b", "not_judged", "met")]))
    assert "undecided" not in unjudged.reason


async def test_half_is_not_more_than_half() -> None:
    found = await on_warm(says("a", "met"), says("b", "met"), says("c", "not_met"), says("d", "not_applicable"))
    assert found.verdict == "not_judged"


async def test_who_has_no_usable_answer_takes_no_part() -> None:
    found = await on_warm(says("a", "not_judged"), says("b", "unsubstantiated"), says("c", "not_met"))
    assert (found.verdict, found.counted) == ("not_met", True)
    assert "a, b: no usable answer" in found.reason


async def test_most_finding_it_does_not_apply_makes_it_not_applicable() -> None:
    found = await on_warm(says("a", "not_applicable"), says("b", "not_applicable"), says("c", "met"))
    assert (found.verdict, found.counted) == ("not_applicable", False)


async def test_a_claim_without_words_stays_one_where_nobody_has_better() -> None:
    found = await on_warm(says("a", "unsubstantiated"), says("b", "not_judged"), says("c", "unsubstantiated"))
    assert (found.verdict, found.counted, found.substantiated) == ("met", False, False)


async def test_evidence_is_the_majoritys_in_turn_and_no_words_twice() -> None:
    found = await on_warm(
        says("a", "met", "met", (2, "I'm so sorry"), (4, "all mended")),
        says("b", "not_met", "met", (4, "There you go")),
        says("c", "met", "met", (2, "so sorry"), (2, "Thank you for bringing it")),
    )
    assert [(each.turn, each.quote) for each in found.evidence] == [
        (2, "I'm so sorry"),
        (2, "Thank you for bringing it"),
        (4, "all mended"),
    ]


async def test_every_members_own_outcome_is_kept() -> None:
    members = [says("a", "met", "met"), says("b", "not_met", "unsubstantiated"), Fixed("c", fails="malformed")]
    made = await grade(TALK, RUBRIC, Panel(members))
    assert made.judge == "panel: a, b, c"
    assert [(each.judge, each.repeat, each.status, each.level, each.verdicts) for each in made.ratings] == [
        ("a", 1, "scored", 5, {"warm": "met", "thanks": "met"}),
        ("b", 1, "scored", 1, {"warm": "not_met"}),
        ("c", 1, "failed", None, {}),
    ]
    assert made.ratings[2].reason == "It was malformed."
    assert (made.usage.input_tokens, made.usage.calls) == (30, 3)
    assert made.versions.prompt == "p-a+p-b"


async def test_a_panel_fails_where_no_more_than_half_could_judge() -> None:
    made = await grade(TALK, RUBRIC, Panel([says("a", "met"), Fixed("b", fails="malformed"), Fixed("c", fails="malformed")]))
    assert (made.status, made.level, made.findings, made.kind) == ("failed", None, (), "malformed")
    assert made.reason == "2 of 3 of the panel could not judge. b, c: It was malformed."
    assert [each.status for each in made.ratings] == ["scored", "failed", "failed"]
    half = await grade(TALK, RUBRIC, Panel([says("a", "met"), Fixed("b", fails="timeout")]))
    assert half.status == "failed"


@pytest.mark.parametrize("kind", ["unauthorised", "not_found", "unreachable"])
async def test_what_would_meet_every_transcript_fails_the_panel_at_once(kind: str) -> None:
    made = await grade(TALK, RUBRIC, Panel([says("a", "met"), says("b", "met"), Fixed("c", fails=kind)]))
    assert (made.status, made.kind, made.reason) == ("failed", kind, f"c: It was {kind}.")


async def test_only_who_was_away_is_asked_again() -> None:
    here, away = says("a", "met"), Fixed("b", finding("warm", "met"), finding("thanks", "met"), fails="unreachable", times=2)
    panel = Panel([here, away])
    told = [await panel.judge(TALK, RUBRIC) for _ in range(3)]
    assert [each.kind for each in told] == ["unreachable", "unreachable", ""]
    assert (here.asked, away.asked, [each.usage.calls for each in told]) == (1, 3, [2, 1, 1])
    assert [each.verdict for each in told[-1].findings] == ["met", "not_judged"]
    await panel.judge(TALK, RUBRIC)
    assert here.asked == 2, "a judgement that was handed out is not kept"


async def test_members_are_asked_at_the_same_time() -> None:
    met = asyncio.Barrier(3)

    class Waits(Fixed):
        async def judge(self, transcript: Transcript, rubric: Rubric) -> Judgement:
            await met.wait()
            return await super().judge(transcript, rubric)

    members = [Waits(name, finding("warm", "met"), finding("thanks", "met")) for name in "abc"]
    async with asyncio.timeout(5):
        assert (await Panel(members).judge(TALK, RUBRIC)).findings[0].verdict == "met"


async def test_one_that_breaks_ends_the_others() -> None:
    ended = asyncio.Event()

    class Endless(Fixed):
        async def judge(self, transcript: Transcript, rubric: Rubric) -> Judgement:
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()
            raise AssertionError

    class Breaks(Fixed):
        async def judge(self, transcript: Transcript, rubric: Rubric) -> Judgement:
            await asyncio.sleep(0)
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await Panel([Endless("a"), Breaks("b")]).judge(TALK, RUBRIC)
    await asyncio.sleep(0)
    assert ended.is_set()


# Repeats


def answer(verdict: str) -> dict[str, Any]:
    """Answer both criteria so."""
    quoted = [{"turn": 2, "quote": "I'm so sorry"}]
    return {
        "findings": [
            {"criterion": each, "reason": "Heard.", "evidence": quoted, "verdict": verdict} for each in ("warm", "thanks")
        ]
    }


def model_says(*verdicts: str) -> ScriptedModel:
    """Give one verdict a call."""
    return ScriptedModel([answer(each) for each in verdicts], name="m")


async def test_repeats_are_calls_of_their_own_with_seeds_of_their_own() -> None:
    model = model_says("met", "not_met", "met")
    panel = Panel([ModelJudge(model)], 3)
    assert panel.name == "m ×3"
    judged = await panel.judge(TALK, RUBRIC)
    assert len(model.calls) == judged.usage.calls == 3
    assert len({each.seed for each in model.calls}) == 3
    assert judged.findings[0].verdict == "met"
    assert judged.findings[0].reason == "m (2 of 3): met; m (1 of 3): not met. Heard."
    assert [(each.judge, each.repeat) for each in judged.ratings] == [("m", 1), ("m", 2), ("m", 3)]


async def test_a_judge_that_cannot_differ_is_asked_once_and_has_its_whole_vote() -> None:
    fixed, model = says("built-in", "not_met", "met"), model_says("met", "met", "not_met")
    panel = Panel([fixed, ModelJudge(model)], 3)
    assert panel.name == "panel: built-in, m ×3"
    judged = await panel.judge(TALK, RUBRIC)
    assert fixed.asked == 1 and len(model.calls) == 3
    # One vote and a third of one against two thirds of one.
    assert judged.findings[0].verdict == "not_met"
    assert judged.findings[1].verdict == "met"


async def test_a_repeat_that_fails_is_noted_and_the_others_stand() -> None:
    model = ScriptedModel([ModelError("timeout", "Nobody spoke."), answer("met"), answer("met")], name="m")
    judged = await Panel([ModelJudge(model)], 3).judge(TALK, RUBRIC)
    assert not judged.failure
    assert [each.status for each in judged.ratings].count("failed") == 1
    assert "m (1 of 3): no usable answer" in judged.findings[0].reason


async def test_members_of_one_name_can_be_told_apart() -> None:
    panel = Panel([says("m", "met"), says("m", "met")], labels=["m@one", "m@two"])
    assert panel.name == "panel: m@one, m@two"
    assert Panel([says("m", "met"), says("m", "met")]).members == ("m", "m (2)")


# Several rubrics at once


class AtOnce(Fixed):
    async def judge_together(self, transcript: Transcript, rubrics: Sequence[Rubric]) -> list[Judgement]:
        self.asked += 1
        return [Judgement(findings=self.findings) for _ in rubrics]


async def test_members_that_read_for_all_rubrics_at_once_are_asked_once() -> None:
    one, other = AtOnce("a", finding("warm", "met"), finding("thanks", "met")), says("b", "met", "not_met")
    second = RUBRIC.model_copy(update={"id": "second"})
    judged = await Panel([one, other]).judge_together(TALK, [RUBRIC, second])
    assert (one.asked, other.asked) == (1, 2)
    assert [[each.verdict for each in judgement.findings] for judgement in judged] == [["met", "not_judged"]] * 2


ANSWERS = st.sampled_from(["met", "not_met", "not_applicable", "not_judged", "unsubstantiated"])


@given(st.lists(ANSWERS, min_size=1, max_size=7), st.randoms(use_true_random=False))
def test_the_order_of_the_members_decides_nothing(answers: list[Answer], random: Any) -> None:
    shuffled = list(answers)
    random.shuffle(shuffled)

    def verdict(of: list[Answer]) -> tuple[str, bool]:
        found = asyncio.run(on_warm(*(says(str(number), each) for number, each in enumerate(of))))
        return found.verdict, found.counted

    assert verdict(answers) == verdict(shuffled)


@given(st.lists(ANSWERS, min_size=1, max_size=7))
def test_a_counted_verdict_always_has_more_than_half_of_the_usable_answers(answers: list[Answer]) -> None:
    found = asyncio.run(on_warm(*(says(str(number), each) for number, each in enumerate(answers))))
    able = [each for each in answers if each in ("met", "not_met", "not_applicable")]
    leading = [each for each in set(able) if able.count(each) * 2 > len(able)]
    assert ([found.verdict] if found.counted or found.verdict == "not_applicable" else []) == leading
