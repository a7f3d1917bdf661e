"""Grading by a Batch API: hand the work over, come back another day, collect.

One call of :meth:`Handover.advance` does all that can be done now: it looks how the batches stand, fetches what is answered,
turns answers into grades, asks for what is new or has to be asked again, and says what is still to come. The same call goes on
from wherever the last one stopped, however it stopped: what was sent is looked up at the endpoint before it is sent again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from secrets import token_hex

from simulator.batch.asked import Part, Parts, Shelf, halved
from simulator.batch.collecting import GOES_ON, Collecting, Desk
from simulator.batch.outage import StopRunError
from simulator.batch.readers import Rejected
from simulator.batch.tally import Tally
from simulator.domain.errors import FinelineError, UsageError
from simulator.domain.transcript import Transcript
from simulator.models.batches import Batch, BatchApi
from simulator.models.errors import ModelError

_TOO_MUCH_AT_ONCE = frozenset({"token_limit_exceeded", "rate_limit_exceeded", "request_limit_exceeded"})


@dataclass
class Progress:
    """How the work stands after a look: what was done now, and the batches that are still under way.

    ``submitted`` requests were handed over just now; ``held`` ones wait until the endpoint takes more. With
    ``over_budget`` there was not the money to ask for everything.
    """

    tally: Tally
    batches: list[Batch] = field(default_factory=list)
    submitted: int = 0
    held: int = 0
    over_budget: bool = False

    @property
    def finished(self) -> bool:
        """Whether nothing is still to come."""
        return not self.batches and not self.held


class Handover:
    """The work of one results file, on its way through an endpoint's Batch API."""

    def __init__(self, api: BatchApi, desk: Desk) -> None:
        self._api = api
        self._desk = desk

    @property
    def _shelf(self) -> Shelf:
        return self._desk.shelf

    async def advance(
        self, read: Callable[[], Iterable[Transcript | Rejected]], stop: asyncio.Event | None = None, tally: Tally | None = None
    ) -> Progress:
        """Do what can be done now and say what is still to come. ``read`` gives the transcripts, anew each time it is called.

        When ``stop`` is set nothing more is asked; grades that were made stay. Raises :class:`ModelError` where the endpoint has
        no Batch API or fails, :class:`StopRunError` where it turns the work down, and :class:`UsageError` where the batches
        beside the results belong to another judge.
        """
        progress = Progress(tally or Tally())
        stop = stop or asyncio.Event()
        parts = self._taken_up()
        if not parts.parts:
            await self._api.ready()
        self._shelf.sweep(parts)
        await self._look(parts, progress)
        answered = [part for part in parts.parts if part.status == "answered"]
        if answered or not parts.parts:
            collecting = Collecting(self._desk, parts, progress.tally, stop)
            if not await collecting.over(read()):
                return progress
            progress.over_budget = collecting.over_budget
            await self._tidy(answered)
        if not stop.is_set():
            await self._send(parts, progress)
        progress.held = sum(part.requests for part in parts.parts if part.status != "sent")
        return progress

    async def give_up(self) -> None:
        """End what is under way and forget it, for a run that begins anew."""
        parts = self._shelf.load()
        for part in parts.parts if parts is not None else ():
            if part.batch_id is not None and part.status == "sent":
                try:
                    await self._api.cancel(part.batch_id)
                except ModelError:
                    continue  # it has ended, or will without us
        self._shelf.clear()

    def _taken_up(self) -> Parts:
        parts = self._shelf.load()
        mine = {"judge": self._desk.judge.name, "prompt": self._desk.judge.prompt_version, "endpoint": self._api.endpoint.url}
        if parts is None:
            return Parts(run=token_hex(8), **mine)
        if (parts.judge, parts.endpoint) != (mine["judge"], mine["endpoint"]):
            raise UsageError(
                f"The batches under way for these results are judged by {parts.judge} at {parts.endpoint}.",
                hint="Go on with that first, write to another file with --out, or give them up with --again.",
            )
        if parts.prompt != mine["prompt"]:
            raise UsageError(
                "The batches under way for these results were asked in other words: the prompts, or whether the judge may read "
                "names, have changed since.",
                hint=f"Collect them with Fineline {parts.fineline} and the settings of then, or give them up with --again.",
            )
        return parts

    # What became of the batches

    async def _look(self, parts: Parts, progress: Progress) -> None:
        for part in list(parts.parts):
            if part.status == "sending":
                await self._recover(part, parts)
            if part.status == "sent" and part.batch_id is not None:
                batch = await self._seen(part.batch_id)
                if batch.open:
                    progress.batches.append(batch)
                elif batch.status == "failed":
                    self._turned_down(part, parts, batch)
                else:
                    await self._fetch(part, batch)
                    self._shelf.save(parts)

    async def _seen(self, batch_id: str) -> Batch:
        try:
            return await self._api.look(batch_id)
        except ModelError as error:
            if error.kind != "not_found":
                raise
            return Batch(batch_id, "expired")  # it was deleted there, answers and all: they are asked for again

    async def _recover(self, part: Part, parts: Parts) -> None:
        """Find out how far a part got that was being sent when the program ended."""
        batch = await self._api.find(_marks(parts, part), part.file_id)
        if batch is not None:
            part.batch_id, part.status = batch.id, "sent"
        else:
            part.file_id = part.file_id or await self._api.uploaded(_file_name(parts, part))
            part.status = "ready"
        self._shelf.save(parts)

    def _turned_down(self, part: Part, parts: Parts, batch: Batch) -> None:
        """Take in that a batch was turned down as a whole: nothing in it was asked."""
        part.batch_id = None
        codes = {code for code, _ in batch.problems}
        if codes & _TOO_MUCH_AT_ONCE and (not part.alone or part.requests > 1):
            parts.one_by_one = True
            if part.alone:
                at = parts.parts.index(part)
                parts.parts[at : at + 1] = [
                    each.model_copy(update={"status": "held"}) for each in halved(self._shelf, parts, part)
                ]
            else:
                part.status = "held"
            self._shelf.save(parts)
            return
        parts.parts.remove(part)
        self._shelf.save(parts)
        why = "; ".join(dict.fromkeys(message or code for code, message in batch.problems)) or "no reason was given"
        raise StopRunError(f"{self._api.endpoint.host} turned the batch down: {why.rstrip('.')}.", hint=GOES_ON)

    async def _fetch(self, part: Part, batch: Batch) -> None:
        """Fetch a batch's answers; a file that is not there any more holds none."""
        self._desk.say(f"Fetching the answers to {part.requests:,} requests …")
        part.output_id, part.errors_id = batch.output_file, batch.error_file
        for file_id, place in zip((part.output_id, part.errors_id), self._shelf.answers(part.name), strict=True):
            if file_id is None:
                continue
            try:
                await self._api.download(file_id, place)
            except ModelError as error:
                if error.kind != "not_found":
                    raise
            except OSError as error:
                raise FinelineError(f"{place} could not be written: {error.strerror or error}.", hint=GOES_ON) from None
        part.status = "answered"

    async def _tidy(self, answered: Iterable[Part]) -> None:
        """Take what was said off the endpoint's shelves; where that fails it expires there by itself."""
        for part in answered:
            for file_id in (part.file_id, part.output_id, part.errors_id):
                if file_id is not None:
                    try:
                        await self._api.delete(file_id)
                    except ModelError:
                        continue

    # Handing over

    async def _send(self, parts: Parts, progress: Progress) -> None:
        for part in parts.parts:
            under_way = any(each.status == "sent" for each in parts.parts)
            if part.status == "sent" or (under_way and (parts.one_by_one or part.status == "held")):
                continue
            part.alone = not under_way
            part.status = "sending"
            self._shelf.save(parts)
            if part.file_id is None:
                self._desk.say(f"Handing over {part.requests:,} requests …")
                part.file_id = await self._api.upload(self._shelf.requests(part.name), _file_name(parts, part))
                self._shelf.save(parts)
            batch = await self._created(part, parts)
            if batch is None:
                part.status, parts.one_by_one = "held", True
                self._shelf.save(parts)
                continue
            part.batch_id, part.status = batch.id, "sent"
            self._shelf.save(parts)
            progress.batches.append(batch)
            progress.submitted += part.requests

    async def _created(self, part: Part, parts: Parts) -> Batch | None:
        """Create a part's batch; ``None`` where the endpoint takes no more for now."""
        marks, file_id = _marks(parts, part), part.file_id or ""
        try:
            return await self._api.create(file_id, marks)
        except ModelError as error:
            if error.kind == "rate_limited" and not part.alone:
                return None
            if not error.passing:
                raise
            # It may have been heard all the same.
            batch = await self._api.find(marks, file_id)
            if batch is None:
                raise
            return batch


def _marks(parts: Parts, part: Part) -> dict[str, str]:
    return {"fineline": parts.run, "part": part.name}


def _file_name(parts: Parts, part: Part) -> str:
    return f"fineline-{parts.run}-{part.name}.jsonl"
