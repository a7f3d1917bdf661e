"""What moves when only the people change."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.analysis.counterfactual import swap_audit, with_others
from simulator.analysis.intervals import wilson
from simulator.batch.outage import StopRunError
from simulator.domain.grade import Evidence, Finding
from simulator.domain.rubric import Rubric
from simulator.domain.transcript import Transcript, Turn
from simulator.grading.judges.protocol import Judgement

RUBRIC = Rubric.model_validate(
    {
        "id": "manners",
        "title": "Manners",
        "levels": {number: f"level {number}" for number in range(1, 6)},
        "thresholds": [0.2, 0.4, 0.6, 0.8],
        "criteria": [{"id": "kind", "asks": "Is it kind?", "met_by": ["thanks"]}],
    }
)


def transcript(number: int, *texts: str) -> Transcript:
    turns = [Turn(role="trainee" if at % 2 else "customer", text=text) for at, text in enumerate(texts)]
    return Transcript(id=f"t{number}", turns=turns)


class Partial:
    """A judge who thinks less of whoever is called sir; after ``wavers`` calls it changes its mind each time."""

    name = "partial"

    def __init__(self, fails: str = "", wavers: bool = False) -> None:
        self.fails, self.wavers, self.calls = fails, wavers, 0

    async def judge(self, transcript: Transcript, rubric: Rubric) -> Judgement:
        self.calls += 1
        if self.fails:
            return Judgement(failure="It would not.", kind=self.fails)
        met = self.calls % 2 == 0 if self.wavers else "sir" not in transcript.turns[1].text
        quote = (Evidence(turn=2, quote=transcript.turns[1].text),)
        return Judgement((Finding(criterion="kind", verdict="met" if met else "not_met", evidence=quote, counted=True),))


async def test_a_judge_who_minds_who_people_are_is_found_out() -> None:
    source = [transcript(n, "Hello.", f"Here you are, {'madam' if n % 3 else 'sir'}.") for n in range(30)]
    found = await swap_audit(iter(source), [RUBRIC], Partial(), "gender")
    assert (found.transcripts, found.nothing_to_swap) == (30, 0)
    levels, verdicts = found.shares("manners")
    assert (levels.count, levels.n, verdicts.count) == (30, 30, 30)
    compared = found.swapped["manners"]
    assert compared.mean_step("masculine").value == -4  # madam became sir: from level 5 to 1
    assert compared.mean_step("feminine").value == 4
    assert found.moved[0].verdicts[0].quote_after == "Here you are, madam."


async def test_transcripts_without_people_are_counted_and_not_graded() -> None:
    judge = Partial()
    found = await swap_audit(iter([transcript(1, "Hello.", "It is done.")]), [RUBRIC], judge, "gender")
    assert (found.nothing_to_swap, judge.calls, found.shares("manners")[0].n) == (1, 0, 0)


async def test_what_moves_by_itself_is_set_beside_what_moved() -> None:
    source = [transcript(n, "Hello.", "Here you are, madam.") for n in range(12)]
    found = await swap_audit(iter(source), [RUBRIC], Partial(wavers=True), "gender", control=True)
    assert found.control["manners"].levels == 12
    assert found.as_json()["rubrics"]["manners"]["control"]["levels_moved"]["n"] == 12


async def test_failures_are_compared_with_nothing_and_a_wrong_key_stops() -> None:
    source = [transcript(n, "Hello.", "Here you are, madam.") for n in range(3)]
    found = await swap_audit(iter(source), [RUBRIC], Partial("malformed"), "gender")
    assert (found.failed, found.swapped["manners"].levels) == (3, 0)
    judge = Partial("unauthorised")
    with pytest.raises(StopRunError):
        await swap_audit(iter(source), [RUBRIC], judge, "gender", concurrency=2)
    assert judge.calls <= 4


def test_the_identity_is_swapped_too_and_what_was_heard_is_left_out() -> None:
    told = transcript(1, "I'm Dana.", "Thanks, Dana.").model_copy(update={"identity": "Dana"})
    other, found = with_others(told, "gender")
    assert (other.identity, found.texts) == ("Dan", ("I'm Dan.", "Thanks, Dan."))


@pytest.mark.parametrize(
    ("count", "n", "low", "high"), [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (81, 263, 0.2553, 0.3662)]
)
def test_wilson_against_published_values(count: int, n: int, low: float, high: float) -> None:
    found = wilson(count, n)
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-4), pytest.approx(high, abs=5e-4))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 200), st.integers(0, 200))
def test_an_interval_holds_its_share(count: int, more: int) -> None:
    found = wilson(count, count + more)
    if found.value is None or found.low is None or found.high is None:
        assert count + more == 0
    else:
        assert 0 <= found.low <= found.value <= found.high <= 1
