"""What a run will cost is counted where it can be, sampled where it must be, and never spent beyond the budget."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from simulator.batch.cost import Price, Purse, cacheable, mean_price
from simulator.batch.estimate import Estimate, survey, upper_bound
from simulator.batch.intake import Intake
from simulator.batch.ledger import Ledger, work_key
from simulator.batch.runner import Work
from simulator.domain.grade import Usage
from simulator.domain.rubric import Rubric
from simulator.domain.transcript import Transcript
from simulator.language.tokens import count

PRICE = Price(input=2.0, cached=0.5, output=8.0)


def rubric(name: str, questions: int = 2) -> Rubric:
    criteria = [{"id": f"q{number}", "asks": "Does the trainee greet?"} for number in range(questions)]
    levels = {1: "a", 2: "b", 3: "c", 4: "d", 5: "e"}
    return Rubric.model_validate(
        {"id": name, "title": name, "levels": levels, "thresholds": [0.2, 0.4, 0.6, 0.8], "criteria": criteria}
    )


class Form(BaseModel):
    findings: list[str]


class Request:
    schema = Form
    max_tokens = 500

    def __init__(self, fixed: str, said: str) -> None:
        self.messages = [{"role": "system", "content": fixed}, {"role": "user", "content": said}]


class Asker:
    """A judge that asks with a long fixed part, and about nothing where nobody is greeted."""

    name = "model"
    fixed = "Read the conversation with care. " * 400

    def first_request(self, transcript: Transcript, rubric: Rubric, *more: Rubric) -> Request | None:
        words = "\n".join(turn.text for turn in transcript.turns)
        return Request(self.fixed, f"{words}\n{' '.join(each.id for each in (rubric, *more))}") if words else None

    async def judge(self, transcript: Transcript, rubric: Rubric):
        raise AssertionError("nobody is to be asked")


def source(path: Path, sizes: list[int]) -> Path:
    with path.open("w") as file:
        for number, size in enumerate(sizes):
            turns = [{"role": "trainee", "text": f"Hello {number} " + "and so on, " * size}]
            file.write(json.dumps({"id": f"t{number}", "turns": turns}) + "\n")
    return path


def of(path: Path, rubrics: list[Rubric], tmp_path: Path, **options) -> Estimate:
    together = options.pop("together", False)
    with Ledger(tmp_path / "g.jsonl") as ledger:
        return survey(Intake([str(path)]), Work(rubrics, Asker(), together=together), ledger, Asker(), **options)


def test_every_token_is_counted_where_there_are_few(tmp_path: Path):
    path = source(tmp_path / "t.jsonl", [1, 50, 7])
    rubrics = [rubric("warmth"), rubric("service", 5)]
    estimate = of(path, rubrics, tmp_path)
    texts = [json.loads(line)["turns"][0]["text"] for line in path.read_text().splitlines()]
    asked = sum(count(f"{text}\n{each.id}") for text in texts for each in rubrics)
    fixed = 6 * count(Asker.fixed)
    assert (estimate.calls, estimate.judgements, estimate.exact, estimate.margin) == (6, 6, True, 0)
    assert abs(estimate.other_tokens - asked) <= 6  # where two texts meet, letters may join to a token
    assert fixed < estimate.fixed_tokens < fixed + 6 * 200
    assert estimate.cached_tokens == estimate.fixed_tokens * 4 // 6  # the first call about each rubric fills the cache
    assert of(path, rubrics, tmp_path, together=True).calls == 3
    assert of(path, rubrics, tmp_path, members=3).other_tokens == 3 * estimate.other_tokens


def test_a_sample_says_its_margin_and_the_truth_is_in_it(tmp_path: Path):
    sizes = [(number * 37) % 90 for number in range(400)]
    path = source(tmp_path / "t.jsonl", sizes)
    whole = of(path, [rubric("warmth")], tmp_path, counted=1000)
    part = of(path, [rubric("warmth")], tmp_path, counted=50)
    assert (whole.margin, whole.sampled) == (0, 400)
    assert 25 <= part.sampled <= 50
    assert 0 < part.margin < 0.1
    # Three times the half-width: a test must not fail once in twenty.
    assert abs(part.other_tokens - whole.other_tokens) <= max(2, 3 * part.margin * whole.other_tokens)
    assert (part.calls, part.transcripts) == (whole.calls, whole.transcripts) == (400, 400)


def test_what_takes_too_long_to_count_is_extrapolated_and_said_so(tmp_path: Path):
    path = source(tmp_path / "t.jsonl", [200] * 500)
    estimate = of(path, [rubric("warmth")], tmp_path, longest_s=0.0)
    assert not estimate.exact
    assert 0 < estimate.share < 1
    assert 400 < estimate.transcripts < 600
    assert 400 < estimate.calls < 600


def test_what_is_done_or_nothing_is_asked_about_costs_nothing(tmp_path: Path):
    path = source(tmp_path / "t.jsonl", [1, 2, 3])
    warmth = rubric("warmth")
    first = next(iter(Intake([str(path)])))
    assert isinstance(first, Transcript)
    with Ledger(tmp_path / "g.jsonl") as ledger:
        ledger.add([(work_key(first, warmth.digest, "model", ""), {"n": 1})])
    estimate = of(path, [warmth], tmp_path)
    assert (estimate.transcripts, estimate.done, estimate.calls) == (3, 1, 2)
    path.write_text(path.read_text() + path.read_text().splitlines()[1] + "\n")
    assert of(path, [warmth], tmp_path).calls == 2  # the same transcript twice is one piece of work
    assert of(path, [warmth], tmp_path, so_far=(Usage(calls=20, input_tokens=1000), 10)).input_tokens == 200
    with Ledger(tmp_path / "g.jsonl") as ledger:
        free = survey(Intake([str(path)]), Work([warmth], Asker()), ledger, None)
    assert (free.judgements, free.calls, free.input_tokens) == (2, 0, 0)


@settings(max_examples=100, deadline=None)
@given(fresh=st.integers(0, 10**7), cached=st.integers(0, 10**7), output=st.integers(0, 10**6))
def test_money_adds_up(fresh: int, cached: int, output: int):
    usage = Usage(input_tokens=fresh + cached, cached_tokens=cached, output_tokens=output, calls=1)
    assert PRICE.of(usage) == pytest.approx((fresh * 2 + cached * 0.5 + output * 8) / 1e6)
    assert Price(2, 8).of(usage) == pytest.approx(((fresh + cached) * 2 + output * 8) / 1e6)


def test_prices_of_a_panel_are_their_mean_in_one_currency():
    assert mean_price([]) is None
    assert mean_price([PRICE, Price(4, 16)]) == Price(input=3, output=12, cached=2.25)
    with pytest.raises(ValueError, match="several currencies"):
        mean_price([PRICE, Price(1, 1, currency="EUR")])
    assert (cacheable(1023), cacheable(1024)) == (0, 1024)


@settings(max_examples=100, deadline=None)
@given(
    budget=st.floats(0, 100),
    calls=st.lists(st.tuples(st.floats(0.01, 10), st.floats(0, 1)), max_size=40),
    at_once=st.integers(1, 8),
)
def test_a_purse_is_never_overdrawn_by_calls_within_their_bounds(budget: float, calls: list[tuple[float, float]], at_once: int):
    purse = Purse(PRICE, budget)
    under_way: list[tuple[float, float]] = []
    for bound, share in calls:
        if not purse.reserve(bound):
            continue
        under_way.append((bound, bound * share))
        if len(under_way) == at_once:
            purse.settle(*under_way.pop(0))
        assert purse.spent <= budget + 1e-9
    for each in under_way:
        purse.settle(*each)
    assert purse.spent <= budget + 1e-9
    assert purse.reserved == pytest.approx(0, abs=1e-6)


def test_a_call_that_was_dearer_than_its_bound_raises_the_next(tmp_path: Path):
    path = source(tmp_path / "t.jsonl", [5])
    warmth = rubric("warmth")
    transcript = next(iter(Intake([str(path)])))
    assert isinstance(transcript, Transcript)
    purse = Purse(PRICE, 10.0, upper_bound(Asker(), Work([warmth], Asker()), PRICE, members=2))
    bound = purse.bound(transcript, [warmth])
    request = Asker().first_request(transcript, warmth)
    assert request is not None
    asked = sum(count(message["content"]) for message in request.messages)
    assert bound >= 2 * PRICE.of_tokens(asked, 0, request.max_tokens)
    purse.reserve(bound)
    purse.settle(bound, 3 * bound)
    assert purse.bound(transcript, [warmth]) == pytest.approx(3 * bound)
    assert Purse(PRICE, None).bound(transcript, [warmth]) == 0
