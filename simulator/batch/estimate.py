"""What a run will cost, in tokens: what is left to do is counted in the sources, the tokens of it in all or in a sample."""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol

from simulator.batch.cost import Price, cacheable
from simulator.batch.intake import Intake
from simulator.batch.keyset import KeySet
from simulator.batch.readers import Rejected
from simulator.batch.runner import Work
from simulator.batch.tally import Results
from simulator.domain.grade import Usage
from simulator.domain.rubric import Rubric
from simulator.domain.transcript import Transcript

# So many transcripts are counted token by token; of more, a sample spread evenly over the sources.
COUNTED = 2000
# An answer has about so many tokens a question and beside them (findings as models write them: a quote, a sentence, a verdict).
ANSWER_A_CRITERION = 50
ANSWER_BESIDES = 10
# Endpoints put a few tokens of their own around each message.
_AROUND_MESSAGES = 11
_NORMAL_95 = 1.96


class Request(Protocol):
    """What a judge asks a model."""

    @property
    def messages(self) -> list[dict[str, str]]:
        """The messages, the part that is the same for every transcript first."""
        ...

    @property
    def schema(self) -> type[Any]:
        """The form of the answer."""
        ...

    @property
    def max_tokens(self) -> int:
        """The most tokens the answer may have."""
        ...


class Asks(Protocol):
    """A judge that can say beforehand what it will ask."""

    def first_request(self, transcript: Transcript, rubric: Rubric, *more: Rubric) -> Request | None:
        """Return the first request about these rubrics, ``None`` where nothing is asked."""
        ...


@dataclass(frozen=True)
class Estimate:
    """What is left to do and what it will cost. Tokens are of all calls together.

    ``transcripts`` are in the sources, ``judgements`` are to be asked for; ``done`` were there before, ``reused`` come from the
    cache. ``exact``: all sources were read; otherwise the first ``share`` of them, and the numbers stand for the whole.
    ``fixed_tokens`` are of the part that is the same for every transcript, ``cached_tokens`` those that an endpoint's prompt
    cache can hold. ``margin`` is the half-width of the 95% interval of the tokens, as a share of them; 0 where all were counted.
    ``measured``: calls and tokens are as many a judgement as in the run so far, and not told apart.
    """

    transcripts: int = 0
    judgements: int = 0
    calls: int = 0
    done: int = 0
    reused: int = 0
    rejected: int = 0
    exact: bool = True
    share: float = 1.0
    sampled: int = 0
    fixed_tokens: int = 0
    cached_tokens: int = 0
    other_tokens: int = 0
    output_tokens: int = 0
    margin: float = 0.0
    measured: bool = False

    @property
    def input_tokens(self) -> int:
        """The tokens of all questions."""
        return self.fixed_tokens + self.other_tokens

    def money(self, price: Price) -> tuple[float, float]:
        """Return what it costs where the prompt cache holds all that it can, and where it holds nothing."""
        fresh = self.input_tokens - self.cached_tokens
        return (
            price.of_tokens(fresh, self.cached_tokens, self.output_tokens),
            price.of_tokens(self.input_tokens, 0, self.output_tokens),
        )

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {**asdict(self), "input_tokens": self.input_tokens}


@dataclass
class _Left:
    """What is left to do, as far as it has been counted; ``sample`` is every ``step``-th transcript of it."""

    transcripts: int = 0
    done: int = 0
    reused: int = 0
    rejected: int = 0
    judgements: int = 0
    begun: int = 0
    weight: int = 0
    groups: Counter[tuple[int, ...]] = field(default_factory=Counter)
    step: int = 1
    sample: list[tuple[Transcript, list[tuple[int, ...]]]] = field(default_factory=list)

    def take(self, transcript: Transcript, groups: list[tuple[int, ...]], most: int) -> None:
        self.judgements += sum(len(group) for group in groups)
        self.groups.update(groups)
        self.weight += _weight(transcript, groups)
        if self.begun % self.step == 0:
            self.sample.append((transcript, groups))
            if len(self.sample) > most:
                self.step *= 2
                self.sample = self.sample[::2]
        self.begun += 1


def _weight(transcript: Transcript, groups: Sequence[Any]) -> int:
    """Return how much a transcript adds to the questions: its letters, once for each call."""
    return (sum(len(turn.text) for turn in transcript.turns) + 20 * len(transcript.turns) + 100) * len(groups)


def survey(
    sources: Intake,
    work: Work,
    results: Results,
    judge: Asks | None,
    *,
    members: int = 1,
    counted: int = COUNTED,
    longest_s: float | None = None,
    so_far: tuple[Usage, int] | None = None,
    told: Callable[[int], None] = lambda _transcripts: None,
) -> Estimate:
    """Count what a run would do, without doing it.

    ``judge`` stands for all ``members`` that are asked the same; without one, nobody is asked and nothing costs anything. After
    ``longest_s`` seconds what is left of the sources is extrapolated. ``so_far`` is what so many judgements like these
    have used already: then no tokens are counted. ``told`` hears how far it has counted.
    """
    left = _Left()
    skipped, share_before = 0, 0.0
    until: float | None = None
    parts, seen = work.parts(), KeySet()
    share = 1.0
    source = sources.again()
    for number, record in enumerate(source):
        if not number:
            skipped, share_before = source.skipped_transcripts, (source.share_read or 0.0) if source.skipped_transcripts else 0.0
            until = None if longest_s is None else time.monotonic() + longest_s
        if isinstance(record, Rejected):
            left.rejected += 1
            continue
        left.transcripts += 1
        wanted = []
        for rubric, key in work.keyed(record, parts):
            if key in results or not seen.add(bytes.fromhex(key)):
                left.done += 1
            else:
                wanted.append(rubric)
        if wanted and work.cache is not None:
            known = work.cache.knows(record, wanted)
            left.reused += sum(known)
            wanted = [rubric for rubric, is_known in zip(wanted, known, strict=True) if not is_known]
        if wanted:
            numbers = [next(at for at, each in enumerate(work.rubrics) if each is rubric) for rubric in wanted]
            left.take(record, [tuple(numbers)] if work.together else [(each,) for each in numbers], counted)
        if number and number % 64 == 0:
            told(left.transcripts)
            if until is not None and time.monotonic() > until:
                share = source.share_read or 1.0
                if share_before < share < 1.0:
                    break
                share = 1.0
    # What was skipped as done is known; only of the rest a part was read.
    share = (share - share_before) / (1 - share_before) if share < 1.0 else 1.0
    skipped = max(skipped, source.skipped_transcripts)
    if judge is None:
        estimate = _judgements(left, share)
    elif so_far is not None:
        estimate = _as_before(left, share, *so_far)
    else:
        estimate = _estimate(left, work, judge, members, share)
    done = estimate.done + skipped * work.usually
    return replace(estimate, transcripts=estimate.transcripts + skipped, done=done)


def _judgements(left: _Left, share: float) -> Estimate:
    grown = 1 / share
    return Estimate(
        transcripts=round(left.transcripts * grown),
        judgements=round(left.judgements * grown),
        done=round(left.done * grown),
        reused=round(left.reused * grown),
        rejected=round(left.rejected * grown),
        exact=share == 1.0,
        share=share,
    )


def _as_before(left: _Left, share: float, used: Usage, judgements: int) -> Estimate:
    estimate = _judgements(left, share)
    more = estimate.judgements / judgements
    return replace(
        estimate,
        calls=round(used.calls * more),
        cached_tokens=round(used.cached_tokens * more),
        other_tokens=round(used.input_tokens * more),
        output_tokens=round(used.output_tokens * more),
        measured=True,
    )


def _estimate(left: _Left, work: Work, judge: Asks, members: int, share: float) -> Estimate:
    grown = 1 / share
    tokens = Tokens(judge, work.rubrics)
    measured = [tokens.of(transcript, groups) for transcript, groups in left.sample]
    weights = [_weight(transcript, groups) for transcript, groups in left.sample]
    weighed, spoken = sum(weights), sum(each.other for each in measured)
    ratio = spoken / weighed if weighed else 0.0
    # Of a call that has nothing to ask (too few turns for any question) nothing is sent.
    sent = sum(each.calls for each in measured) / max(1, sum(len(groups) for _, groups in left.sample))
    groups = {group: round(count * sent * grown * members) for group, count in left.groups.items()}
    calls = sum(groups.values())
    fixed = {group: tokens.fixed(group) for group in groups}
    answer = {group: ANSWER_BESIDES + ANSWER_A_CRITERION * tokens.criteria(group) for group in groups}
    other = ratio * left.weight * grown * members
    return replace(
        _judgements(left, share),
        calls=calls,
        sampled=len(left.sample),
        fixed_tokens=sum(fixed[group] * count for group, count in groups.items()),
        cached_tokens=sum(cacheable(fixed[group]) * max(0, count - members) for group, count in groups.items()),
        other_tokens=round(other),
        output_tokens=sum(answer[group] * count for group, count in groups.items()),
        margin=_margin([each.other for each in measured], weights, ratio, left.begun),
    )


def _margin(measured: Sequence[float], weights: Sequence[int], ratio: float, whole: int) -> float:
    """Return the half-width of the 95% interval of a total that is estimated by a ratio, as a share of it.

    The variance of the ratio estimator: Cochran, Sampling Techniques (1977), chapter 6.
    """
    count = len(measured)
    if count < 2 or count >= whole or not ratio:
        return 0.0
    residuals = sum((value - ratio * weight) ** 2 for value, weight in zip(measured, weights, strict=True)) / (count - 1)
    mean = sum(measured) / count
    return _NORMAL_95 * math.sqrt((1 - count / whole) * residuals / count) / mean


@dataclass(frozen=True)
class _Measured:
    """What a transcript adds: the calls that are made for it, and the tokens of their questions but for the fixed part."""

    calls: int
    other: int


class Tokens:
    """Counts the tokens of a judge's questions."""

    def __init__(self, judge: Asks, rubrics: Sequence[Rubric]) -> None:
        from simulator.language.tokens import count

        self._count = count
        self._judge = judge
        self._rubrics = rubrics
        self._fixed: dict[tuple[int, ...], tuple[int, int]] = {}
        self._tails: dict[str, int] = {}
        self._form: int | None = None

    def criteria(self, group: tuple[int, ...]) -> int:
        """Return how many questions a call about some rubrics (by their numbers) has."""
        return sum(len(self._rubrics[number].criteria) for number in group)

    def fixed(self, group: tuple[int, ...]) -> int:
        """Return the tokens of the fixed part of a call, with the form of the answer; 0 while none has been looked at."""
        return self._fixed.get(group, (0, 0))[0]

    def longest_answer(self, group: tuple[int, ...]) -> int:
        """Return the most tokens an answer may have; 0 while no call has been looked at."""
        return self._fixed.get(group, (0, 0))[1]

    def of(self, transcript: Transcript, groups: Sequence[tuple[int, ...]]) -> _Measured:
        """Count the questions about a transcript, one for each group of rubrics."""
        calls = tokens = 0
        first, first_tokens = "", 0
        for group in groups:
            request = self.look_at(transcript, group)
            if request is None:
                continue
            calls += 1
            said = "\n".join(message["content"] for message in request.messages[1:])
            if not first:
                first, first_tokens = said, self._count(said)
                tokens += first_tokens
                continue
            # The recording is the same in all calls; only what stands behind it differs.
            shared = _shared(first, said)
            tokens += first_tokens - self._tail(first[shared:]) + self._tail(said[shared:])
        return _Measured(calls, tokens)

    def look_at(self, transcript: Transcript, group: tuple[int, ...]) -> Request | None:
        """Return the call about some rubrics, taking note of its fixed part when it is the first."""
        request = self._judge.first_request(transcript, *(self._rubrics[number] for number in group))
        if request is not None and group not in self._fixed:
            if self._form is None:
                self._form = self._count(json.dumps(request.schema.model_json_schema())) + _AROUND_MESSAGES
            self._fixed[group] = self._count(request.messages[0]["content"]) + self._form, request.max_tokens
        return request

    def _tail(self, text: str) -> int:
        known = self._tails.get(text)
        if known is None:
            known = self._count(text)
            if len(self._tails) < 1000:
                self._tails[text] = known
        return known


def _shared(one: str, other: str) -> int:
    """Return how many characters two texts share at their beginnings."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def upper_bound(judge: Asks, work: Work, price: Price, members: int) -> Callable[[Transcript, Sequence[Rubric]], float]:
    """Return a function that says what judging a transcript may cost at most, for a budget to set aside.

    Every question is counted as if no prompt cache helped, and every answer as long as it may be.
    """
    tokens = Tokens(judge, work.rubrics)
    numbers = {rubric.digest: number for number, rubric in enumerate(work.rubrics)}

    def bound(transcript: Transcript, rubrics: Sequence[Rubric]) -> float:
        wanted = [numbers[rubric.digest] for rubric in rubrics]
        # Three bytes a token are more tokens than text has, and much quicker than counting.
        said = sum(len(turn.text.encode("utf-8", "replace")) // 3 + 12 for turn in transcript.turns) + 200
        total = 0.0
        for group in [tuple(wanted)] if work.together else [(number,) for number in wanted]:
            if not tokens.longest_answer(group):
                tokens.look_at(transcript, group)
            total += price.of_tokens(tokens.fixed(group) + said, 0, tokens.longest_answer(group))
        return total * members

    return bound
