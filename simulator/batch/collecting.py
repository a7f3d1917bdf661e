"""Going through the transcripts of a Batch API's work: answers become grades, and what is to be asked is written down.

An answer is judged as if it had come directly. What does not hold in it is asked about once more in the next batch; a request
that failed or expired is made again, :data:`MOST_ATTEMPTS` times in all; what then still fails is a failed grade with its reason.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from simulator.batch.asked import Asked, Index, Parts, PartWriter, Shelf
from simulator.batch.keyset import KeySet
from simulator.batch.outage import AWAY, StopRunError
from simulator.batch.readers import Rejected
from simulator.batch.runner import Work
from simulator.batch.tally import Results, Tally, Watcher
from simulator.domain.grade import Usage
from simulator.domain.rubric import Rubric
from simulator.domain.transcript import Transcript
from simulator.grading.grade import graded
from simulator.grading.judges.protocol import Judgement
from simulator.models import faults
from simulator.models.asking import AskedModel
from simulator.models.batches import CALL, MOST_BYTES, MOST_REQUESTS
from simulator.models.errors import HOPELESS, ModelError
from simulator.models.structured import Completion, add

MOST_ATTEMPTS = 3
GOES_ON = "What is finished is kept; the same command goes on from there."
OUT_OF_TIME = "The batch ended before it was answered."
# Room for what the endpoint counts otherwise.
_BYTES_A_PART = MOST_BYTES * 95 // 100
_SAY_EVERY_S = 10.0
# No answer is cut for its length here: its file has been fetched already.
_ANY_LENGTH = 1 << 20


class Request(Protocol):
    """What a judge asks first."""

    @property
    def messages(self) -> list[dict[str, str]]: ...
    @property
    def schema(self) -> type[Any]: ...
    @property
    def max_tokens(self) -> int: ...


class Reads(Protocol):
    """A judge whose questions and answers can travel by another road."""

    @property
    def name(self) -> str: ...
    @property
    def prompt_version(self) -> str: ...
    async def judge(self, transcript: Transcript, rubric: Rubric) -> Judgement: ...
    def first_request(self, transcript: Transcript, rubric: Rubric) -> Request | None: ...
    def second_request(self, transcript: Transcript, rubric: Rubric, text: str) -> Request | None: ...
    def read_answer(
        self, transcript: Transcript, rubric: Rubric, text: str, usage: Usage, second: str | None = None
    ) -> Judgement: ...


@dataclass(frozen=True)
class Desk:
    """What the work takes: who judges and how their model is asked, what is wanted, and where everything goes.

    ``model`` is the one that ``judge`` asks. Prices of ``work`` are a batch's; a direct call costs ``direct_times`` as much.
    ``most_requests`` and ``most_bytes`` bound one batch.
    """

    judge: Reads
    model: AskedModel
    work: Work
    results: Results
    shelf: Shelf
    watcher: Watcher
    direct_times: float = 1.0
    say: Callable[[str], None] = lambda _line: None
    most_requests: int = MOST_REQUESTS
    most_bytes: int = _BYTES_A_PART


class Collecting:
    """One look at every transcript."""

    def __init__(self, desk: Desk, parts: Parts, tally: Tally, stop: asyncio.Event) -> None:
        self._desk = desk
        self._parts = parts
        self._tally = tally
        self._stop = stop
        self._probed = False
        self._failed_probes = 0
        self.over_budget = False

    async def over(self, records: Iterable[Transcript | Rejected]) -> bool:
        """Go through all records; return whether that was not stopped. Only then is put down what is to be asked."""
        desk, work = self._desk, self._desk.work
        keys = work.parts()
        claimed = KeySet()
        left = [part for part in self._parts.parts if part.status != "answered"]
        if work.purse is not None:
            work.purse.reserve(sum(part.set_aside for part in left))
        limits = {"most_requests": desk.most_requests, "most_bytes": desk.most_bytes}
        with Index(desk.shelf, self._parts) as index, PartWriter(desk.shelf, self._parts, **limits) as writer:
            said = time.monotonic()
            for record in records:
                await asyncio.sleep(0)
                if time.monotonic() - said >= _SAY_EVERY_S:
                    said = time.monotonic()
                    desk.say(f"{self._tally.transcripts:,} transcripts looked at, {writer.count:,} requests to hand over …")
                if self._stop.is_set():
                    return False
                if isinstance(record, Rejected):
                    self._tally.rejected += 1
                    desk.watcher.rejected(record)
                    continue
                self._tally.transcripts += 1
                wanted = work.keyed(record, keys)
                self._tally.unsuited += len(keys) - len(wanted)
                for rubric, key in wanted:
                    if key in desk.results:
                        self._tally.resumed += 1
                    elif claimed.add(bytes.fromhex(key)):
                        await self._one(record, rubric, key, index, writer)
                self._tally.finished += all(key in desk.results for _, key in wanted)
        self._parts.parts = [*left, *writer.parts]
        desk.shelf.save(self._parts)
        desk.shelf.sweep(self._parts)
        return True

    async def _one(self, transcript: Transcript, rubric: Rubric, key: str, index: Index, writer: PartWriter) -> None:
        found = index.asked(key)
        if found is None:
            if not self._recalled(transcript, rubric, key):
                await self._ask(transcript, rubric, Asked(key), writer)
            return
        asked, may_still_come = found
        if may_still_come:
            return
        try:
            answer = self._answer(index.answer(key), transcript, rubric)
        except ModelError as error:
            await self._went_wrong(transcript, rubric, asked, error, writer)
            return
        usage = add(asked.usage, answer.usage)
        if answer.finish_reason == "length":
            cut = ModelError("cut_off", "The model's answer hit its length limit before it was whole.", usage=answer.usage)
            await self._went_wrong(transcript, rubric, asked, cut, writer)
            return
        if asked.first is not None:
            judgement = self._desk.judge.read_answer(transcript, rubric, asked.first, usage, answer.text)
            self._keep(transcript, rubric, key, judgement)
            return
        judgement = self._desk.judge.read_answer(transcript, rubric, answer.text, usage)
        if judgement.failure:
            misfit = ModelError("malformed", judgement.failure, usage=answer.usage)
            await self._went_wrong(transcript, rubric, asked, misfit, writer)
            return
        if again := self._desk.judge.second_request(transcript, rubric, answer.text):
            second = Asked(key, asked.attempt + 1, usage, answer.text)
            if await self._look_again(transcript, rubric, again, second, writer):
                return
        self._keep(transcript, rubric, key, judgement)

    def _answer(self, data: dict[str, Any] | None, transcript: Transcript, rubric: Rubric) -> Completion:
        """Return the reply in an answer's line. Raises :class:`ModelError` where there is none."""
        if data is None:
            raise ModelError("timeout", OUT_OF_TIME)
        response = data.get("response")
        if isinstance(response, dict) and response.get("status_code") == 200:
            body = response.get("body")
            # Where the endpoint does not say what it cost, that is estimated from what was asked.
            told = isinstance(body, dict) and body.get("usage")
            asked = None if told else self._desk.judge.first_request(transcript, rubric)
            return self._desk.model.answer_in(body, asked.messages if asked else [], max_tokens=_ANY_LENGTH)
        body = (response.get("body") if isinstance(response, dict) else None) or data
        error = body.get("error") if isinstance(body, dict) else None
        status = response.get("status_code") if isinstance(response, dict) else None
        code = str(error.get("code") or "") if isinstance(error, dict) else ""
        if code in ("batch_expired", "batch_cancelled"):
            raise ModelError("timeout", OUT_OF_TIME)
        said = [turn.text for turn in transcript.turns]
        refusal = faults.Refusal(status if isinstance(status, int) else 500, error, lambda: str(error), None)
        raise faults.from_refusal(refusal, self._desk.model.endpoint, said)

    def _recalled(self, transcript: Transcript, rubric: Rubric, key: str) -> bool:
        """Take the judgement from the cache, where it is there."""
        cache = self._desk.work.cache
        known = cache.get(transcript, [rubric])[0] if cache is not None else None
        if known is not None:
            self._keep(transcript, rubric, key, known, reused=True)
        return known is not None

    async def _went_wrong(
        self, transcript: Transcript, rubric: Rubric, asked: Asked, error: ModelError, writer: PartWriter
    ) -> None:
        """Ask again where that may help, else put down what is known: the first answer, or that it failed."""
        usage = add(asked.usage, error.usage)
        if asked.first is not None:
            judgement = self._desk.judge.read_answer(transcript, rubric, asked.first, usage)
            self._keep(transcript, rubric, asked.key, judgement)
        elif asked.attempt < MOST_ATTEMPTS and (error.passing or error.kind == "cut_off"):
            await self._ask(transcript, rubric, replace(asked, attempt=asked.attempt + 1, usage=usage), writer)
        else:
            times = f" (asked {asked.attempt} times)" if asked.attempt > 1 else ""
            reason = f"{error.message.rstrip('.')}{times}."
            self._keep(transcript, rubric, asked.key, self._failed(reason, error.kind, usage))

    def _failed(self, reason: str, kind: str, usage: Usage) -> Judgement:
        return Judgement(failure=reason, kind=kind, usage=usage, prompt=self._desk.judge.prompt_version)

    async def _ask(self, transcript: Transcript, rubric: Rubric, asked: Asked, writer: PartWriter) -> None:
        """Write a request down. The first of a pass is asked directly: thousands are then put as the model takes them."""
        request = self._desk.judge.first_request(transcript, rubric)
        if request is None:
            self._keep(transcript, rubric, asked.key, await self._desk.judge.judge(transcript, rubric))
        elif self._probed:
            if not self._write(transcript, rubric, request, asked, writer) and not self.over_budget:
                reason = "The conversation is longer than a batch takes in one request."
                self._keep(transcript, rubric, asked.key, self._failed(reason, "too_long", asked.usage))
        elif (amount := self._affordable(transcript, rubric, self._desk.direct_times)) is not None:
            judgement = await self._desk.judge.judge(transcript, rubric)
            self._take_in_probe(judgement)
            whole = replace(judgement, usage=add(asked.usage, judgement.usage))
            self._keep(transcript, rubric, asked.key, whole, direct=judgement.usage, set_aside=amount)

    async def _look_again(
        self, transcript: Transcript, rubric: Rubric, request: Request, asked: Asked, writer: PartWriter
    ) -> bool:
        """Ask about what did not hold in the first answer; return whether that could be done."""
        if self._probed:
            return self._write(transcript, rubric, request, asked, writer)
        await self._ask(transcript, rubric, asked, writer)
        return not self.over_budget

    def _take_in_probe(self, judgement: Judgement) -> None:
        self._probed = not judgement.failure
        self._failed_probes += bool(judgement.failure)
        if judgement.kind in HOPELESS | AWAY or self._failed_probes == MOST_ATTEMPTS:
            raise StopRunError(judgement.failure, hint=GOES_ON)

    def _affordable(self, transcript: Transcript, rubric: Rubric, times: float = 1.0) -> float | None:
        """Return how much money was set aside for a request; ``None`` where there is not enough."""
        purse = self._desk.work.purse
        if purse is None:
            return 0.0
        amount = purse.bound(transcript, [rubric]) * times
        if self.over_budget or not purse.reserve(amount):
            self.over_budget = True
            return None
        return amount

    def _write(self, transcript: Transcript, rubric: Rubric, request: Request, asked: Asked, writer: PartWriter) -> bool:
        amount = self._affordable(transcript, rubric)
        if amount is None:
            return False
        room = request.max_tokens * 2 ** (asked.attempt - 1 if asked.first is None else 0)
        body = self._desk.model.body_for(request.messages, request.schema, max_tokens=room)
        return writer.add(body, asked, CALL, set_aside=amount)

    def _keep(
        self,
        transcript: Transcript,
        rubric: Rubric,
        key: str,
        judgement: Judgement,
        *,
        direct: Usage | None = None,
        set_aside: float = 0.0,
        reused: bool = False,
    ) -> None:
        """Keep a grade, then count it. ``direct`` is what did not go through a batch; for it money was ``set_aside``."""
        work = self._desk.work
        made = graded(transcript, rubric, self._desk.judge.name, judgement)
        if reused:
            made = made.model_copy(update={"reused": True})
        self._desk.results.add([(key, made)])
        if work.cache is not None and not reused:
            work.cache.put(transcript, [(rubric, judgement)])
        if work.purse is not None:
            dearer = work.purse.price.of(direct) * (self._desk.direct_times - 1) if direct is not None else 0.0
            work.purse.settle(set_aside, work.purse.price.of(judgement.usage) + dearer)
            self._tally.spent = work.purse.spent
        self._tally.count(made, reused=reused)
        self._desk.watcher.progressed(self._tally)
