"""What one call asks of a transcript: questions of one rubric or several, and what has been found of them so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from simulator.domain.grade import Finding, Usage
from simulator.domain.rubric import Criterion, Rubric
from simulator.grading.judges.prompt import Problem
from simulator.grading.judges.reply import Answers, Reading, read
from simulator.grading.judges.view import View

NO_ANSWER = "The judge gave no usable answer to it, asked twice."


@dataclass(frozen=True, slots=True)
class Questions:
    """The questions of some rubrics, with the fixed part of the prompt that puts them.

    Of several rubrics each question's id begins with its rubric's: ``warmth.greets``. What belongs to a rubric is told by the
    order: the rubrics', and within each its criteria's.
    """

    rubrics: tuple[Rubric, ...]
    criteria: tuple[Criterion, ...]
    fixed: str

    @staticmethod
    def named(rubrics: Sequence[Rubric]) -> tuple[Criterion, ...]:
        """Return the criteria of some rubrics under the ids they are asked by."""
        if len(rubrics) == 1:
            return rubrics[0].criteria
        return tuple(each.model_copy(update={"id": f"{rubric.id}.{each.id}"}) for rubric in rubrics for each in rubric.criteria)


class Sheet:
    """The questions that one transcript is asked, filled in answer by answer."""

    def __init__(self, questions: Questions, view: View) -> None:
        self._questions = questions
        self._view = view
        self._taken = taken = view.trainee_turns
        self.asked = [each for each in questions.criteria if taken >= each.applies.min_turns]
        self._reading = Reading()
        self._no_answer = NO_ANSWER

    @property
    def fixed(self) -> str:
        """The part of the prompt that puts the questions, whatever the transcript."""
        return self._questions.fixed

    @property
    def recording(self) -> str:
        """The transcript as the judge reads it."""
        return self._view.recording

    def take(self, answers: Answers) -> None:
        """Take in the first answer."""
        self._reading = read(answers, self.asked, self._view)

    @property
    def problems(self) -> list[Problem]:
        """What has to be asked again, in the order of the questions."""
        problems = self._reading.problems
        return [problems[each.id] for each in self.asked if each.id in problems] if problems else []

    def take_again(self, answers: Answers) -> None:
        """Take in the answer about the problems: what holds now; where nothing does, the later claim."""
        reading = self._reading
        second = read(answers, [each for each in self.asked if each.id in reading.problems], self._view)
        for criterion_id, finding in second.findings.items():
            reading.findings[criterion_id] = finding
            reading.problems.pop(criterion_id, None)
            reading.claims.pop(criterion_id, None)
        reading.claims |= second.claims

    def leave(self, why: str) -> None:
        """Leave the problems as they are: they could not be asked about again, for the reason given."""
        self._no_answer = f"The judge gave no usable answer to it, and could not be asked again: {why}"

    def findings(self) -> list[tuple[Finding, ...]]:
        """Return one finding a criterion for each rubric, in their order, under the criteria's own ids."""
        settled = iter([self._settled(each) for each in self._questions.criteria])
        return [tuple(_under(each.id, next(settled)) for each in rubric.criteria) for rubric in self._questions.rubrics]

    def _settled(self, criterion: Criterion) -> Finding:
        if self._taken < criterion.applies.min_turns:
            reason = f"Only asked from {criterion.applies.min_turns} trainee turns on; there were {self._taken}."
            return Finding(criterion=criterion.id, verdict="not_applicable", reason=reason)
        finding = self._reading.findings.get(criterion.id) or self._reading.claims.get(criterion.id)
        return finding or Finding(criterion=criterion.id, verdict="not_judged", reason=self._no_answer)


def _under(criterion_id: str, finding: Finding) -> Finding:
    return finding if finding.criterion == criterion_id else finding.model_copy(update={"criterion": criterion_id})


def shares(usage: Usage, count: int) -> list[Usage]:
    """Return what each of ``count`` judgements made together cost, adding up to ``usage``; the calls are the first's."""
    if count == 1:
        return [usage]

    def share(amount: int, number: int) -> int:
        return amount // count + (number < amount % count)

    return [
        Usage(
            input_tokens=share(usage.input_tokens, number),
            output_tokens=share(usage.output_tokens, number),
            cached_tokens=share(usage.cached_tokens, number),
            calls=0 if number else usage.calls,
            estimated=usage.estimated,
        )
        for number in range(count)
    ]
