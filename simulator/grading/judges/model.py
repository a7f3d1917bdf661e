"""The model judge: one structured call for a transcript and a rubric, one more where some of it cannot be used.

What comes back is checked by code before it becomes a finding: the exact set of criteria, and each quote against the
turn it names. Whatever does not hold is asked about once more, all of it in one call; what still does not hold is set down as
*not judged* (no usable answer) or *unsubstantiated* (a verdict without words to show for it), and neither is counted.
A call that fails makes the judgement fail, with its reason.

Several rubrics may be asked about in one call: cheaper, since the transcript is read once, by the same rules of evidence.

The judge is blind unless told otherwise: names, pronouns and gendered words are neutralised before it reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from simulator.domain.behaviour import Catalogue
from simulator.domain.grade import Usage
from simulator.domain.rubric import Rubric
from simulator.domain.transcript import Transcript
from simulator.grading.judges import prompt
from simulator.grading.judges.protocol import COULD_NOT_READ, Judgement
from simulator.grading.judges.reply import Answers
from simulator.grading.judges.sheet import Questions, Sheet, shares
from simulator.grading.judges.view import View
from simulator.models.errors import HOPELESS, ModelError
from simulator.models.structured import Misfit, Structured, add, interpret

if TYPE_CHECKING:
    from simulator.models.reply import AnsweringModel

# Room for the JSON of one finding with a few quotes, and for models that think before they write.
TOKENS_A_CRITERION = 220
TOKENS_BESIDES = 600
# When the endpoint goes away before the second look, the judgement is not finished: it is made anew when it is back.
_GONE = HOPELESS | {"unreachable", "rate_limited"}


@dataclass(frozen=True, slots=True)
class JudgeRequest:
    """What a judge asks a model: the messages, the form of the answer, and how many tokens that may have."""

    messages: list[dict[str, str]]
    schema: type[Answers]
    max_tokens: int


class ModelJudge:
    """Judges by asking a language model.

    ``blind=False`` lets it read names and pronouns; ``catalogue`` lends it the definitions of the behaviours that criteria name;
    ``names`` are further names to hide; ``seed`` is passed on to the model.
    """

    def __init__(
        self,
        model: AnsweringModel,
        blind: bool = True,
        *,
        catalogue: Catalogue | None = None,
        names: Iterable[str] = (),
        seed: int | None = None,
    ) -> None:
        self._model = model
        self._blind = blind
        self._catalogue = catalogue
        self._names = tuple(names)
        self._seed = seed
        self._wording = prompt.Wording(catalogue)
        self._version = f"{prompt.version()}{'-blind' if self._blind else '-sighted'}"
        self._questions: dict[tuple[int, ...], Questions] = {}
        # A transcript is made blind for the first of its rubrics; its view lives while one of them is being judged, and the
        # latest a little longer.
        self._views: WeakValueDictionary[int, View] = WeakValueDictionary()
        self._latest: View | None = None

    @property
    def name(self) -> str:
        """The model's name."""
        return self._model.name

    @property
    def prompt_version(self) -> str:
        """The hash of the prompts, and whether the judge was blind."""
        return self._version

    def repeated(self, number: int) -> ModelJudge:
        """Return the judge that asks the same again, independently: repeat ``number`` (from 1; the first is this one)."""
        if number == 1:
            return self
        return ModelJudge(self._model, self._blind, catalogue=self._catalogue, names=self._names, seed=(self._seed or 0) + number)

    async def judge(self, transcript: Transcript, rubric: Rubric) -> Judgement:
        """Return the findings; or, where the model fails, a judgement that says why."""
        [judgement] = await self.judge_together(transcript, (rubric,))
        return judgement

    async def judge_together(self, transcript: Transcript, rubrics: Sequence[Rubric]) -> list[Judgement]:
        """Return one judgement for each rubric, in their order, from one call about all of them.

        Each has its share of the tokens; the calls are counted with the first. Where the model fails, all of them fail.
        """
        sheet = self._sheet(transcript, rubrics)
        usage = Usage()
        request = self._first(sheet, rubrics)
        if request is not None:
            try:
                reply = await self._ask(request)
            except ModelError as error:
                return self._failed(error, add(usage, error.usage), len(rubrics))
            usage = reply.usage
            sheet.take(reply.value)
            second = self._second(sheet, request, reply.value)
            if second is not None:
                try:
                    reply = await self._ask(second)
                    usage = add(usage, reply.usage)
                    sheet.take_again(reply.value)
                except ModelError as error:
                    usage = add(usage, error.usage)
                    if error.kind in _GONE:
                        return self._failed(error, usage, len(rubrics))
                    sheet.leave(error.message)  # what the first answer settled stays
        return self._judgements(sheet, usage)

    # For roads on which question and answer travel apart: a batch API, an estimate of what it will cost

    def first_request(self, transcript: Transcript, rubric: Rubric, *more: Rubric) -> JudgeRequest | None:
        """Return what is asked first about one rubric, or several at once; ``None`` where nothing is to be asked."""
        rubrics = (rubric, *more)
        return self._first(self._sheet(transcript, rubrics), rubrics)

    def second_request(self, transcript: Transcript, rubric: Rubric, text: str) -> JudgeRequest | None:
        """Return what is asked about what cannot be used of a first answer; ``None`` where nothing is to be, or can be."""
        answers = interpret(text, Answers)
        sheet = self._sheet(transcript, (rubric,))
        first = self._first(sheet, (rubric,))
        if first is None or isinstance(answers, Misfit):
            return None
        sheet.take(answers)
        return self._second(sheet, first, answers)

    def read_answer(
        self, transcript: Transcript, rubric: Rubric, text: str, usage: Usage, second: str | None = None
    ) -> Judgement:
        """Return the judgement that an answer (and the ``second``, if that was asked for) holds, each looked at once.

        What does not hold is *not judged* or *unsubstantiated*. A first answer that is not in the form makes it fail.
        """
        sheet = self._sheet(transcript, (rubric,))
        if sheet.asked:
            answers = interpret(text, Answers)
            if isinstance(answers, Misfit):
                why = f"{COULD_NOT_READ}its answer was not in the form asked for."
                return Judgement(failure=why, kind="malformed", usage=usage, prompt=self._version)
            sheet.take(answers)
            later = interpret(second, Answers) if second is not None else None
            if isinstance(later, Answers):
                sheet.take_again(later)
        [judgement] = self._judgements(sheet, usage)
        return judgement

    # How it is done

    def _sheet(self, transcript: Transcript, rubrics: Sequence[Rubric]) -> Sheet:
        key = tuple(map(id, rubrics))
        questions = self._questions.get(key)
        if questions is None:
            # It holds the rubrics, so that no other can come to have their ids.
            criteria = Questions.named(rubrics)
            questions = Questions(tuple(rubrics), criteria, prompt.fixed(rubrics, criteria, self._wording))
            self._questions[key] = questions
        return Sheet(questions, self._view(transcript))

    def _view(self, transcript: Transcript) -> View:
        view = self._views.get(id(transcript))
        if view is None or not view.still_of(transcript):
            view = self._views[id(transcript)] = View(transcript, blind=self._blind, names=self._names)
        self._latest = view
        return view

    def _first(self, sheet: Sheet, rubrics: Sequence[Rubric]) -> JudgeRequest | None:
        """Return the first request: the rubrics, the same for every transcript, then the recording."""
        if not sheet.asked:
            return None
        messages = [
            {"role": "system", "content": sheet.fixed},
            {"role": "user", "content": prompt.recording(sheet.recording, [each.id for each in sheet.asked])},
        ]
        return JudgeRequest(messages, Answers, _room(len(sheet.asked)))

    def _second(self, sheet: Sheet, first: JudgeRequest, answers: Answers) -> JudgeRequest | None:
        """Return the request about what could not be used, all of it at once."""
        problems = sheet.problems
        if not problems:
            return None
        messages = [
            *first.messages,
            {"role": "assistant", "content": answers.model_dump_json()},
            {"role": "user", "content": prompt.again(problems)},
        ]
        return JudgeRequest(messages, Answers, _room(len(problems)))

    async def _ask(self, request: JudgeRequest) -> Structured[Answers]:
        return await self._model.structured(request.messages, request.schema, max_tokens=request.max_tokens, seed=self._seed)

    def _failed(self, error: ModelError, usage: Usage, count: int) -> list[Judgement]:
        why = f"{COULD_NOT_READ}{error.message}"
        return [Judgement(failure=why, kind=error.kind, usage=part, prompt=self._version) for part in shares(usage, count)]

    def _judgements(self, sheet: Sheet, usage: Usage) -> list[Judgement]:
        found = sheet.findings()
        parts = shares(usage, len(found))
        return [
            Judgement(findings=findings, usage=part, prompt=self._version) for findings, part in zip(found, parts, strict=True)
        ]


def _room(criteria: int) -> int:
    return TOKENS_BESIDES + TOKENS_A_CRITERION * criteria
