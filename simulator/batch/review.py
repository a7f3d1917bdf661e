"""A person's review: where they are among transcripts and questions, what they answered, and how to take it back.

Every change is written before it is answered for; what the disk did not take is held, tried again with the next change, and
told to whoever asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from simulator.batch.ledger import work_key
from simulator.batch.rating_file import RatingFile
from simulator.batch.worklist import RubricToRate, Worklist
from simulator.domain.errors import FinelineError
from simulator.domain.grade import Evidence, Verdict
from simulator.domain.rubric import Criterion, Rubric
from simulator.domain.transcript import Transcript
from simulator.grading.person import Answer, answers_of, grade_by_person

MOST_UNDONE = 200
_NOTHING = Answer()


@dataclass(frozen=True, slots=True)
class Question:
    """One criterion of one rubric; ``number`` counts from 1 within it, ``of`` how many there are."""

    rubric: Rubric
    criterion: Criterion
    number: int
    of: int


@dataclass(frozen=True, slots=True)
class _Step:
    """A change, as it was before."""

    item: int
    question: int
    before: Answer


class Review:
    """Transcripts to rate, one after the other, each with the same questions."""

    def __init__(self, work: Worklist, rubrics: Sequence[RubricToRate], file: RatingFile, *, blind_names: bool = False) -> None:
        self.work = work
        self.rubrics = tuple(rubrics)
        self.file = file
        self.blind_names = blind_names
        self.questions = [
            Question(each.rubric, criterion, number, len(each.rubric.criteria))
            for each in rubrics
            for number, criterion in enumerate(each.rubric.criteria, 1)
        ]
        self.outdated = 0
        """How many grades were of another version of their rubric or other words; they are asked for again."""
        self.unsaved: set[tuple[str, str]] = set()
        self._answers: dict[tuple[str, str], dict[str, Answer]] = {}
        self._undo: list[_Step] = []
        self._take_up()
        self.item = self._first_open() or 0
        self.question = self._open_question(self.item) or 0

    def _take_up(self) -> None:
        for of in self.rubrics:
            for transcript in self.work.items:
                grade = self.file.grades.get((transcript, of.rubric.id))
                if grade is None:
                    continue
                try:
                    answers = answers_of(grade)
                except (ValueError, TypeError, AttributeError):
                    raise FinelineError(f"{self.file.path}: the ratings of {transcript} are damaged.") from None
                key = work_key(self.work.shelf.get(transcript), of.digest, self.file.rater, "")
                if grade.versions.rubric != of.digest or (grade.model_extra or {}).get("key", key) != key:
                    # Other questions, or other words: what was noted stays, and it is asked again.
                    self.outdated += 1
                    answers = {criterion: Answer(note=each.note) for criterion, each in answers.items() if each.note}
                known = {each.id for each in of.rubric.criteria}
                self._answers[transcript, of.rubric.id] = {key: each for key, each in answers.items() if key in known}

    def close(self) -> None:
        """Let go of the transcripts, and put the ratings in order. Raises as :meth:`RatingFile.close`."""
        self.work.shelf.close()
        self.file.close()

    # Where one is

    @property
    def transcript(self) -> Transcript:
        """The transcript in hand, read anew."""
        return self.work.shelf.get(self.work.items[self.item])

    @property
    def asked(self) -> Question:
        """The question in hand."""
        return self.questions[self.question]

    def answer_to(self, question: int, item: int | None = None) -> Answer:
        """Return what was answered to a question, of the transcript in hand or another."""
        of = self.questions[question]
        held = self._answers.get((self.work.items[self.item if item is None else item], of.rubric.id), {})
        return held.get(of.criterion.id, _NOTHING)

    @property
    def answer(self) -> Answer:
        """What was answered to the question in hand."""
        return self.answer_to(self.question)

    def answered(self, item: int | None = None) -> int:
        """Return how many questions of a transcript are answered."""
        return sum(self.answer_to(at, item).verdict is not None for at in range(len(self.questions)))

    def finished(self, item: int) -> bool:
        """Return whether every question of a transcript is answered."""
        return all(self.answer_to(at, item).verdict is not None for at in range(len(self.questions)))

    @property
    def done(self) -> int:
        """How many transcripts are finished."""
        return sum(self.finished(item) for item in range(len(self.work.items)))

    def go(self, item: int, question: int | None = None) -> None:
        """Go to a transcript, and to a question or the first that is open."""
        self.item = max(0, min(item, len(self.work.items) - 1))
        self.question = (self._open_question(self.item) or 0) if question is None else question

    def step(self, by: int) -> None:
        """Go to the question before or after, staying with the transcript."""
        self.question = max(0, min(self.question + by, len(self.questions) - 1))

    def go_on(self) -> bool:
        """Go to what is open next: in this transcript, then in the next. Return whether there is anything."""
        here = self._open_question(self.item, self.question + 1)
        if here is not None:
            self.question = here
            return True
        others = [*range(self.item + 1, len(self.work.items)), *range(self.item)]
        item = next((each for each in others if not self.finished(each)), None)
        if item is None:
            return False
        self.go(item)
        return True

    def go_to_open(self) -> None:
        """Go to the first question of all that is open; stay where none is."""
        item = self._first_open()
        if item is not None:
            self.go(item)

    def _first_open(self) -> int | None:
        return next((each for each in range(len(self.work.items)) if not self.finished(each)), None)

    def _open_question(self, item: int, begin: int = 0) -> int | None:
        """Return the first question without an answer from ``begin`` on, going round."""
        count = len(self.questions)
        order = [(begin + each) % count for each in range(count)]
        return next((each for each in order if self.answer_to(each, item).verdict is None), None)

    # What is said

    def say(self, verdict: Verdict | None) -> None:
        """Answer the question in hand (``not_judged``: cannot say), or take the answer back."""
        self._change(replace(self.answer, verdict=verdict))

    def mark(self, evidence: Evidence) -> bool:
        """Mark words as what shows it, or take the mark off where it is there already; return whether it is marked now."""
        marked = self.answer.evidence
        kept = tuple(each for each in marked if (each.turn, each.quote) != (evidence.turn, evidence.quote))
        new = len(kept) == len(marked)
        self._change(replace(self.answer, evidence=tuple(sorted((*kept, evidence), key=_place)) if new else kept))
        return new

    def unmark(self, turn: int) -> bool:
        """Take every mark off a turn; return whether there was one."""
        kept = tuple(each for each in self.answer.evidence if each.turn != turn)
        if len(kept) == len(self.answer.evidence):
            return False
        self._change(replace(self.answer, evidence=kept))
        return True

    def note(self, text: str) -> None:
        """Note something about the answer in hand, in place of an earlier note."""
        self._change(replace(self.answer, note=text))

    def undo(self) -> bool:
        """Take the last change back and go where it was made; return whether there was one."""
        if not self._undo:
            return False
        step = self._undo.pop()
        self.item, self.question = step.item, step.question
        self._set(step.before)
        return True

    def _change(self, answer: Answer) -> None:
        if answer == self.answer:
            return
        self._undo.append(_Step(self.item, self.question, self.answer))
        del self._undo[:-MOST_UNDONE]
        self._set(answer)

    def _set(self, answer: Answer) -> None:
        """Hold an answer and write it. Raises :class:`FinelineError` where the disk does not take it; it is held all the same."""
        of, transcript = self.asked, self.work.items[self.item]
        answers = self._answers.setdefault((transcript, of.rubric.id), {})
        if answer.empty:
            answers.pop(of.criterion.id, None)
        else:
            answers[of.criterion.id] = answer
        self.unsaved.add((transcript, of.rubric.id))
        self.save()

    def save(self) -> None:
        """Write what is not on disk yet. Raises :class:`FinelineError` where that fails."""
        by_id = {each.rubric.id: each for each in self.rubrics}
        for key in sorted(self.unsaved):
            transcript, of = self.work.shelf.get(key[0]), by_id[key[1]]
            grade = grade_by_person(key[0], of.rubric, self.file.rater, self._answers.get(key, {}), digest=of.digest)
            more = {
                "rated": datetime.now(UTC).isoformat(timespec="seconds"),
                "blind_names": self.blind_names,
                "key": work_key(transcript, of.digest, self.file.rater, ""),
            }
            self.file.put(grade, more)
            self.unsaved.discard(key)


def _place(evidence: Evidence) -> tuple[int, str]:
    return evidence.turn, evidence.quote
