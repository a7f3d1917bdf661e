"""The model judge: one structured call for a transcript and a rubric, one more where some of it cannot be used.

What comes back is checked by code before it becomes a finding: the exact set of criteria, and each quote against the
turn it names. Whatever does not hold is asked about once more, all of it in one call; what still does not hold is set down as
*not judged* (no usable answer) or *unsubstantiated* (a verdict without words to show for it), and neither is counted.
A call that fails makes the judgement fail, with its reason.

The judge is blind unless told otherwise: names, pronouns and gendered words are neutralised before it reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from simulator.domain.behaviour import Catalogue
from simulator.domain.grade import Finding, Usage
from simulator.domain.rubric import Criterion, Rubric
from simulator.domain.transcript import Transcript
from simulator.grading.judges import prompt
from simulator.grading.judges.protocol import Judgement
from simulator.grading.judges.reply import Answers, Reading, read
from simulator.grading.judges.view import View
from simulator.models.errors import ModelError
from simulator.models.structured import Structured, add

if TYPE_CHECKING:
    from simulator.models.reply import AnsweringModel

# Room for the JSON of one finding with a few quotes, and for models that think before they write.
TOKENS_A_CRITERION = 220
TOKENS_BESIDES = 600

NO_ANSWER = "The judge gave no usable answer to it, asked twice."


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

    @property
    def name(self) -> str:
        """The model's name."""
        return self._model.name

    @property
    def prompt_version(self) -> str:
        """The hash of the prompts, and whether the judge was blind."""
        return f"{prompt.version()}{'-blind' if self._blind else '-sighted'}"

    def repeated(self, number: int) -> ModelJudge:
        """Return the judge that asks the same again, independently: repeat ``number`` (from 1; the first is this one)."""
        if number == 1:
            return self
        return ModelJudge(self._model, self._blind, catalogue=self._catalogue, names=self._names, seed=(self._seed or 0) + number)

    async def judge(self, transcript: Transcript, rubric: Rubric) -> Judgement:
        """Return the findings; or, where the model fails, a judgement that says why."""
        taken = sum(turn.role == "trainee" for turn in transcript.turns)
        asked = [each for each in rubric.criteria if taken >= each.applies.min_turns]
        found = {each.id: _too_early(each, taken) for each in rubric.criteria if each not in asked}
        usage = Usage()
        if asked:
            view = View(transcript, blind=self._blind, names=self._names)
            messages = self.messages(transcript, rubric, asked, view)
            try:
                reply = await self._ask(messages, len(asked))
            except ModelError as error:
                return Judgement(failure=_failure(error), kind=error.kind, usage=error.usage or usage, prompt=self.prompt_version)
            usage = reply.usage
            reading = read(reply.value, asked, view)
            if reading.problems:
                usage = await self._again(messages, reply.value, asked, view, reading, usage)
            found |= _settled(asked, reading)
        ordered = tuple(found[each.id] for each in rubric.criteria)
        return Judgement(findings=ordered, usage=usage, prompt=self.prompt_version)

    def messages(self, transcript: Transcript, rubric: Rubric, asked: Sequence[Criterion], view: View) -> list[dict[str, str]]:
        """Return the messages of the first call: the rubric, the same for every transcript, then the recording."""
        return [
            {"role": "system", "content": prompt.fixed(rubric, self._wording)},
            {"role": "user", "content": prompt.recording(transcript, view.texts, asked)},
        ]

    async def _ask(self, messages: Sequence[dict[str, str]], criteria: int) -> Structured[Answers]:
        room = TOKENS_BESIDES + TOKENS_A_CRITERION * criteria
        return await self._model.structured(messages, Answers, max_tokens=room, seed=self._seed)

    async def _again(
        self,
        messages: list[dict[str, str]],
        answers: Answers,
        asked: Sequence[Criterion],
        view: View,
        reading: Reading,
        usage: Usage,
    ) -> Usage:
        """Ask once more about what could not be used, and take over what can be now."""
        problems = [reading.problems[each.id] for each in asked if each.id in reading.problems]
        failing = [each for each in asked if each.id in reading.problems]
        more = [
            *messages,
            {"role": "assistant", "content": answers.model_dump_json()},
            {"role": "user", "content": prompt.again(problems)},
        ]
        try:
            reply = await self._ask(more, len(failing))
        except ModelError as error:
            # What the first answer settled stays; the rest is left as it was.
            return add(usage, error.usage)
        second = read(reply.value, failing, view)
        for criterion_id, finding in second.findings.items():
            reading.findings[criterion_id] = finding
            reading.problems.pop(criterion_id, None)
            reading.claims.pop(criterion_id, None)
        reading.claims |= second.claims
        return add(usage, reply.usage)


def _settled(asked: Sequence[Criterion], reading: Reading) -> dict[str, Finding]:
    settled = {}
    for criterion in asked:
        finding = reading.findings.get(criterion.id) or reading.claims.get(criterion.id)
        settled[criterion.id] = finding or Finding(criterion=criterion.id, verdict="not_judged", reason=NO_ANSWER)
    return settled


def _too_early(criterion: Criterion, taken: int) -> Finding:
    reason = f"Only asked from {criterion.applies.min_turns} trainee turns on; there were {taken}."
    return Finding(criterion=criterion.id, verdict="not_applicable", reason=reason)


def _failure(error: ModelError) -> str:
    return f"The judge could not read this conversation: {error.message}"
