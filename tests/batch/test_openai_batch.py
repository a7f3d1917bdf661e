"""Work handed to a Batch API comes back as grades, whatever happens on the way, and nothing is asked twice."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from simulator import __version__
from simulator.batch.asked import Shelf
from simulator.batch.collecting import MOST_ATTEMPTS, Desk
from simulator.batch.cost import Price, Purse
from simulator.batch.ledger import Ledger
from simulator.batch.openai_batch import Handover, Progress
from simulator.batch.outage import StopRunError
from simulator.batch.readers import Rejected
from simulator.batch.runner import Work
from simulator.batch.tally import Tally
from simulator.domain.errors import FinelineError, UsageError
from simulator.domain.rubric import Rubric
from simulator.domain.transcript import Transcript, Turn
from simulator.grading.judges.model import ModelJudge
from simulator.models.batches import BatchApi
from simulator.models.chat import ChatModel
from simulator.models.endpoint import Endpoint
from simulator.models.errors import ModelError

RUBRIC = Rubric.model_validate(
    {
        "id": "warmth",
        "title": "Warmth",
        "levels": {1: "a", 2: "b", 3: "c", 4: "d", 5: "e"},
        "thresholds": [0.2, 0.4, 0.6, 0.8],
        "criteria": [{"id": "greets", "asks": "Does the trainee greet?"}, {"id": "thanks", "asks": "Does the trainee thank?"}],
    }
)
KEY = "sk-proj-abcdefghijkl"


class KilledError(BaseException):
    """The program ends here."""


def answered(body: dict[str, Any], **quotes: str) -> str:
    """Answer both questions with the words of the only turn, or with others."""
    said = re.search(r"Hello \d+, thanks", body["messages"][1]["content"])
    assert said is not None
    findings = [
        {
            "criterion": each,
            "reason": "Heard.",
            "evidence": [{"turn": 1, "quote": quotes.get(each, said[0])}],
            "verdict": "met",
        }
        for each in ("greets", "thanks")
    ]
    return json.dumps({"findings": findings})


class Provider:
    """An endpoint with a Batch API, as far as it is used; ``asked`` counts how often each question was put in a batch."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[str, bytes]] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.asked: Counter[str] = Counter()
        self.direct = 0
        self.uploads: list[int] = []
        self.deleted: list[str] = []
        self.answer: Callable[[dict[str, Any]], str] = answered
        self.turns_down: Callable[[int], dict[str, Any] | None] = lambda _requests: None
        self.has_batches = True
        self.key = KEY
        self.dies_after = ""
        self.says_instead: dict[str, httpx2.Response] = {}
        self.takes_batches = 99

    def client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=httpx2.MockTransport(self))

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        route = f"{request.method} {request.url.path.removeprefix('/v1')}"
        answer = self._answer(route, request)
        if self.dies_after and re.fullmatch(self.dies_after, route):
            self.dies_after = ""
            raise KilledError
        return self.says_instead.pop(route, answer)

    def _answer(self, route: str, request: httpx2.Request) -> httpx2.Response:
        if request.headers.get("authorization") != f"Bearer {self.key}":
            return self.error(401, "no such key")
        if route == "POST /chat/completions":
            self.direct += 1
            return httpx2.Response(200, json=self.completion(self.answer(json.loads(request.content))))
        if not self.has_batches:
            return self.error(404, "no route")
        if route == "POST /files":
            name, content = _form_file(request.content)
            file_id = f"file-{len(self.uploads)}"
            self.files[file_id] = name, content
            self.uploads.append(len(content))
            return httpx2.Response(200, json={"id": file_id, "filename": name})
        if route == "GET /files":
            listed = [{"id": file_id, "filename": name} for file_id, (name, _) in self.files.items()]
            return httpx2.Response(200, json={"data": listed})
        if route == "POST /batches" and len(self.batches) >= self.takes_batches:
            return self.error(429, "insufficient_quota" if not self.batches else "too many batches")
        if route == "POST /batches":
            return self.create(json.loads(request.content))
        if route == "GET /batches":
            return httpx2.Response(200, json={"data": list(reversed(self.batches.values())), "has_more": False})
        kind, _, rest = request.url.path.removeprefix("/v1/").partition("/")
        name, _, tail = rest.partition("/")
        if kind == "batches" and name in self.batches:
            if tail == "cancel":
                self.batches[name]["status"] = "cancelled"
            return httpx2.Response(200, json=self.batches[name])
        if kind == "files" and name in self.files:
            if request.method == "DELETE":
                del self.files[name]
                self.deleted.append(name)
                return httpx2.Response(200, json={"id": name, "deleted": True})
            return httpx2.Response(200, content=self.files[name][1])
        return self.error(404, "not there")

    def create(self, body: dict[str, Any]) -> httpx2.Response:
        number = len(self.batches)
        lines = [json.loads(line) for line in self.files[body["input_file_id"]][1].splitlines()]
        assert body["endpoint"] == "/v1/chat/completions"
        assert all(line["url"] == body["endpoint"] and line["method"] == "POST" for line in lines)
        refusal = self.turns_down(len(lines))
        batch = {
            "id": f"batch-{number}",
            "status": "failed" if refusal else "in_progress",
            "input_file_id": body["input_file_id"],
            "metadata": body["metadata"],
            "errors": {"data": [refusal]} if refusal else None,
            "request_counts": {"total": len(lines), "completed": 0, "failed": 0},
        }
        if not refusal:
            self.asked.update(line["custom_id"] for line in lines)
        self.batches[batch["id"]] = batch
        return httpx2.Response(200, json={**batch, "status": "validating"})

    def finish(self, *, only: Callable[[int], bool] = lambda _: True, error: dict[str, Any] | None = None) -> None:
        """Answer what is under way, backwards; of each batch only some requests, the others with ``error`` or not at all."""
        for batch in self.batches.values():
            if batch["status"] != "in_progress":
                continue
            lines = [json.loads(line) for line in self.files[batch["input_file_id"]][1].splitlines()]
            good, bad = [], []
            for at, line in enumerate(lines):
                if only(at):
                    body = self.completion(self.answer(line["body"]))
                    good.append({"custom_id": line["custom_id"], "response": {"status_code": 200, "body": body}, "error": None})
                elif error is not None:
                    bad.append({"custom_id": line["custom_id"], **error})
            for name, rows in (("output_file_id", good), ("error_file_id", bad)):
                if rows:
                    file_id = f"{batch['id']}-{name}"
                    content = b"".join(json.dumps(row).encode() + b"\n" for row in reversed(rows))
                    self.files[file_id] = "out.jsonl", content
                    batch[name] = file_id
            batch["status"] = "completed" if len(good) + len(bad) == len(lines) else "expired"

    @staticmethod
    def completion(text: str) -> dict[str, Any]:
        message = {"role": "assistant", "content": text}
        usage = {"prompt_tokens": 100, "completion_tokens": 10, "prompt_tokens_details": {"cached_tokens": 60}}
        return {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage}

    @staticmethod
    def error(status: int, message: str) -> httpx2.Response:
        return httpx2.Response(status, json={"error": {"message": message}}, headers={"x-should-retry": "false"})


def _form_file(content: bytes) -> tuple[str, bytes]:
    boundary = content.split(b"\r\n", 1)[0]
    for part in content.split(boundary):
        head, _, body = part.partition(b"\r\n\r\n")
        if name := re.search(rb'filename="([^"]+)"', head):
            return name[1].decode(), body.removesuffix(b"\r\n")
    raise AssertionError("no file was sent")


class Watcher:
    def rejected(self, record: Rejected) -> None: ...
    def progressed(self, tally: Tally) -> None: ...
    def waiting(self, reason: str, seconds: float) -> None: ...
    def saved(self, tally: Tally) -> None: ...


def transcripts(count: int) -> Callable[[], Iterator[Transcript]]:
    def read() -> Iterator[Transcript]:
        return (Transcript(id=f"t{n}", turns=[Turn(role="trainee", text=f"Hello {n}, thanks.")]) for n in range(count))

    return read


class Bench:
    """A provider, a results file, and the same command again and again."""

    def __init__(self, out: Path) -> None:
        self.provider = Provider()
        self.out = out
        self.shelf = Shelf(out)
        self.limits: dict[str, int] = {}
        self.model = "m"

    async def run(
        self, count: int = 6, *, key: str = KEY, results: Callable[[Path], Ledger] = Ledger, purse: Purse | None = None
    ) -> Progress:
        """Do what the command does: one look, by a program that has just been started."""
        endpoint = Endpoint("https://models.example/v1", self.model, SecretStr(key))
        model = ChatModel(endpoint, self.provider.client(), retries=0)
        api = BatchApi(endpoint, self.provider.client(), retries=0)
        judge = ModelJudge(model, blind=False)
        try:
            with results(self.out) as ledger:
                work = Work([RUBRIC], judge, judge.prompt_version, purse=purse)
                desk = Desk(judge, model, work, ledger, self.shelf, Watcher(), direct_times=2, **self.limits)
                return await Handover(api, desk).advance(transcripts(count))
        finally:
            await model.aclose()
            await api.aclose()

    def grades(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.read_text("utf-8").splitlines()]

    def levels(self) -> dict[str, int | None]:
        return {each["transcript"]: each["level"] for each in self.grades()}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "out.jsonl")


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def all_graded(bench: Bench, count: int = 6) -> bool:
    grades = bench.grades()
    return sorted(each["transcript"] for each in grades) == [f"t{n}" for n in range(count)] and all(
        each["level"] == 5 for each in grades
    )


async def test_work_is_handed_over_and_collected_another_day(bench: Bench, tmp_path: Path) -> None:
    first = await bench.run()
    assert (first.submitted, first.finished, bench.provider.direct) == (5, False, 1)
    assert bench.levels() == {"t0": 5}, "the first is asked directly, to learn how the model takes it"
    between = await bench.run()
    assert (between.submitted, between.tally.graded, len(between.batches)) == (0, 0, 1)
    bench.provider.finish()
    last = await bench.run()
    assert last.finished and all_graded(bench)
    assert (first.tally.finished, last.tally.finished, last.tally.resumed) == (1, 6, 1)
    assert set(bench.provider.asked.values()) == {1} and bench.provider.direct == 1
    assert bench.provider.files == {}, "what was said does not stay at the endpoint"
    assert left(tmp_path) == ["out.jsonl", "out.jsonl.done"]
    grade = bench.grades()[-1]
    assert grade["usage"] == {"input_tokens": 100, "output_tokens": 10, "cached_tokens": 60, "calls": 1, "estimated": False}
    assert grade["findings"][0]["evidence"][0]["quote"].startswith("Hello")


async def test_batches_are_split_at_the_limits(bench: Bench) -> None:
    bench.limits = {"most_requests": 2}
    progress = await bench.run()
    assert [batch["request_counts"]["total"] for batch in bench.provider.batches.values()] == [2, 2, 1]
    assert (progress.submitted, len(progress.batches)) == (5, 3)
    size = max(bench.provider.uploads)
    bench.provider.finish()
    assert (await bench.run()).finished and all_graded(bench)
    other = Bench(bench.out.with_name("other.jsonl"))
    other.limits = {"most_bytes": size}
    await other.run()
    assert len(other.provider.uploads) == 3 and max(other.provider.uploads) <= size


@pytest.mark.parametrize("route", ["GET /batches", "POST /files", "POST /batches"])
async def test_killed_while_handing_over_nothing_is_asked_twice(bench: Bench, route: str) -> None:
    bench.provider.dies_after = re.escape(route)
    with pytest.raises(KilledError):
        await bench.run()
    await bench.run()
    assert len(bench.provider.batches) == len(bench.provider.uploads) == 1
    bench.provider.finish()
    assert (await bench.run()).finished and all_graded(bench)
    assert set(bench.provider.asked.values()) == {1}


async def test_a_batch_whose_answer_was_lost_is_found_at_once(bench: Bench) -> None:
    bench.provider.says_instead["POST /batches"] = bench.provider.error(502, "bad gateway")
    progress = await bench.run()
    assert (progress.submitted, len(bench.provider.batches)) == (5, 1)
    bench.provider.finish()
    assert (await bench.run()).finished and all_graded(bench)
    assert set(bench.provider.asked.values()) == {1}


async def test_batches_that_an_endpoint_takes_no_more_of_wait(bench: Bench) -> None:
    bench.limits = {"most_requests": 2}
    bench.provider.takes_batches = 1
    progress = await bench.run()
    assert (progress.submitted, progress.held, len(progress.batches)) == (2, 3, 1)
    bench.provider.takes_batches = 99
    while not progress.finished:
        bench.provider.finish()
        progress = await bench.run()
    assert all_graded(bench) and set(bench.provider.asked.values()) == {1}


async def test_an_account_without_credit_is_told(bench: Bench) -> None:
    bench.provider.takes_batches = 0
    with pytest.raises(ModelError, match="no credit left"):
        await bench.run()
    bench.provider.takes_batches = 99
    assert (await bench.run()).submitted == 5
    assert len(bench.provider.uploads) == 1


async def test_answers_that_cannot_be_fetched_now_are_fetched_later(bench: Bench) -> None:
    await bench.run()
    bench.provider.finish()
    bench.provider.says_instead["GET /files/batch-0-output_file_id/content"] = bench.provider.error(500, "down")
    with pytest.raises(ModelError) as caught:
        await bench.run()
    assert caught.value.kind == "server"
    assert (await bench.run()).finished and all_graded(bench)


@pytest.mark.parametrize("route", [r"GET /files/.*-output_file_id/content", "DELETE /files/.*"])
async def test_killed_while_fetching_it_goes_on(bench: Bench, route: str) -> None:
    await bench.run()
    bench.provider.finish()
    bench.provider.dies_after = route
    with pytest.raises(KilledError):
        await bench.run()
    assert (await bench.run()).finished and all_graded(bench)
    assert set(bench.provider.asked.values()) == {1}


async def test_killed_while_grading_it_goes_on(bench: Bench) -> None:
    await bench.run()
    bench.provider.finish(only=lambda at: at != 4)

    class Dying(Ledger):
        added = 0

        def add(self, results: Iterable[Any]) -> None:
            super().add(results)
            self.added += 1
            if self.added == 2:
                raise KilledError

    with pytest.raises(KilledError):
        await bench.run(results=Dying)
    assert len(bench.grades()) == 3
    await bench.run()
    bench.provider.finish()
    assert (await bench.run()).finished and all_graded(bench)
    assert set(bench.provider.asked.values()) == {1}, "the one that was not answered in time is asked directly, as the first"


async def test_a_request_is_not_made_again_for_ever(bench: Bench) -> None:
    await bench.run(12)
    runs = 0
    while not (await bench.run(12)).finished:
        bench.provider.finish(
            only=lambda _: False, error={"response": None, "error": {"code": "batch_expired", "message": "late"}}
        )
        runs += 1
        assert runs < 10
    grades = bench.grades()
    failed = [each for each in grades if each["status"] == "failed"]
    assert len(grades) == 12 and len(failed) == 12 - MOST_ATTEMPTS
    assert max(bench.provider.asked.values()) == MOST_ATTEMPTS
    assert {(each["reason"], each["level"], each["kind"]) for each in failed} == {
        ("The batch ended before it was answered (asked 3 times).", None, "timeout")
    }


@pytest.mark.parametrize(
    ("status", "code", "again", "kind"),
    [
        (500, "server_error", True, ""),
        (429, "rate_limit_exceeded", True, ""),
        (400, "context_length_exceeded", False, "too_long"),
    ],
)
async def test_half_failed(bench: Bench, status: int, code: str, again: bool, kind: str) -> None:
    await bench.run()
    body = {"error": {"code": code, "message": "maximum context length" if status == 400 else "sorry"}}
    bench.provider.finish(only=lambda at: at % 2 == 0, error={"response": {"status_code": status, "body": body}, "error": None})
    progress = await bench.run()
    failed = [each for each in bench.grades() if each["status"] == "failed"]
    if again:
        assert not progress.finished and failed == []
        bench.provider.finish()
        assert (await bench.run()).finished and all_graded(bench)
    else:
        assert progress.finished
        assert {(each["kind"], each["level"]) for each in failed} == {(kind, None)} and len(failed) == 2


async def test_words_that_are_not_there_are_asked_about_once_more(bench: Bench) -> None:
    def answer(body: dict[str, Any]) -> str:
        return answered(body) if len(body["messages"]) > 2 else answered(body, thanks="never said")

    await bench.run()
    bench.provider.answer = answer
    bench.provider.finish()
    progress = await bench.run()
    assert (progress.submitted, progress.tally.graded) == (4, 1)
    bench.provider.finish()
    assert (await bench.run()).finished and all_graded(bench)
    assert bench.grades()[-1]["usage"] == {
        "input_tokens": 200, "output_tokens": 20, "cached_tokens": 120, "calls": 2, "estimated": False,
    }  # fmt: skip
    assert max(bench.provider.asked.values()) == 2


async def test_words_that_are_never_there_do_not_count(bench: Bench) -> None:
    await bench.run(3)
    bench.provider.answer = lambda body: answered(body, thanks="never said")
    for _ in range(2):
        bench.provider.finish()
        progress = await bench.run(3)
    assert progress.finished
    for grade in bench.grades()[1:]:
        kept, claimed = grade["findings"]
        assert (kept["counted"], claimed["counted"], claimed["substantiated"]) == (True, False, False)


async def test_an_answer_out_of_form_is_asked_for_again(bench: Bench) -> None:
    await bench.run(4)
    bench.provider.answer = lambda _body: "Sure! Here it is."
    bench.provider.finish()
    bench.provider.answer = answered
    await bench.run(4)
    bench.provider.finish()
    assert (await bench.run(4)).finished and all_graded(bench, 4)


async def test_transcripts_that_came_later_are_asked_with_the_next_batch(bench: Bench) -> None:
    await bench.run(4)
    bench.provider.finish()
    progress = await bench.run(6)
    assert progress.submitted == 1
    bench.provider.finish()
    assert (await bench.run(6)).finished and all_graded(bench)


# Money


def purse(budget: float | None = None, spent: float = 0.0) -> Purse:
    """A call in a batch costs 0.55 (100 tokens of the question and 10 of the answer, at 0.005 each), and is expected to."""
    return Purse(Price(input=5_000, output=5_000), budget, lambda _transcript, _rubrics: 0.55, spent=spent)


async def test_a_batch_costs_its_share_of_the_price(bench: Bench) -> None:
    first = await bench.run(purse=purse())
    assert first.tally.spent == pytest.approx(1.1), "the first is asked directly, at the full price"
    bench.provider.finish()
    last = await bench.run(purse=purse(spent=1.1))
    assert last.tally.spent == pytest.approx(1.1 + 5 * 0.55)


async def test_no_more_is_handed_over_than_there_is_money_for(bench: Bench) -> None:
    first = await bench.run(purse=purse(2.8))
    assert (first.submitted, first.over_budget) == (3, True)
    again = await bench.run(purse=purse(2.8, spent=1.1))
    assert (again.submitted, len(bench.provider.batches)) == (0, 1)
    bench.provider.finish()
    last = await bench.run(purse=purse(2.8, spent=1.1))
    assert (last.tally.graded, last.submitted, last.over_budget) == (3, 0, True)
    assert last.tally.spent <= 2.8
    await bench.run(purse=purse())
    bench.provider.finish()
    assert (await bench.run()).finished and all_graded(bench)


# What the endpoint says no to


async def test_an_endpoint_without_batches_is_told_at_once(bench: Bench) -> None:
    bench.provider.has_batches = False
    with pytest.raises(ModelError, match=r"models\.example has no Batch API \(404\)\. Leave --batch-api out"):
        await bench.run()
    assert bench.provider.direct == 0 and not bench.shelf.state.exists() and bench.grades() == []


async def test_a_wrong_key_stops_before_anything_is_asked(bench: Bench) -> None:
    with pytest.raises(ModelError) as caught:
        await bench.run(key="sk-wrong-key-abcdef")
    assert caught.value.kind == "unauthorised" and "sk-wrong" not in str(caught.value)
    await bench.run()
    with pytest.raises(ModelError) as caught:
        await bench.run(key="sk-wrong-key-abcdef")
    assert caught.value.kind == "unauthorised"
    bench.provider.finish()
    assert (await bench.run()).finished and all_graded(bench)


async def test_a_batch_that_is_turned_down_stops_the_run_and_can_be_begun_anew(bench: Bench) -> None:
    bench.provider.turns_down = lambda _: {"code": "model_not_found", "message": "The model m is not for batches."}
    await bench.run()
    with pytest.raises(StopRunError, match=r"turned the batch down: The model m is not for batches\."):
        await bench.run()
    assert not bench.shelf.state.exists()
    bench.provider.turns_down = lambda _: None
    await bench.run()
    bench.provider.finish()
    assert (await bench.run()).finished and all_graded(bench)


async def test_an_account_that_takes_little_at_once_gets_one_batch_after_another(bench: Bench) -> None:
    bench.limits = {"most_requests": 4}
    limit = {"code": "token_limit_exceeded", "message": "Enqueued token limit reached."}

    def turns_down(requests: int) -> dict[str, Any] | None:
        busy = any(batch["status"] == "in_progress" for batch in bench.provider.batches.values())
        return limit if busy or requests > 2 else None

    bench.provider.turns_down = turns_down
    for _ in range(20):
        progress = await bench.run(10)
        if progress.finished:
            break
        bench.provider.finish()
    assert all_graded(bench, 10) and set(bench.provider.asked.values()) == {1}


async def test_batches_of_another_judge_are_not_mixed_up(bench: Bench) -> None:
    await bench.run()
    bench.model = "other"
    with pytest.raises(UsageError, match="judged by m at https://models"):
        await bench.run()


async def test_batches_asked_in_other_words_are_not_mixed_up(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    await bench.run()
    monkeypatch.setattr("simulator.grading.judges.prompt.version", lambda: "0123456789ab")
    with pytest.raises(UsageError, match=rf"asked in other words.*Collect them with Fineline {re.escape(__version__)}"):
        await bench.run()


async def test_a_damaged_list_of_batches_is_told(bench: Bench) -> None:
    await bench.run()
    bench.shelf.state.write_text("{")
    with pytest.raises(FinelineError, match=r"out\.jsonl\.batch\.json could not be read"):
        await bench.run()


async def test_stopped_before_everything_is_written_down_nothing_is_handed_over(bench: Bench) -> None:
    stop = asyncio.Event()
    endpoint = Endpoint("https://models.example/v1", "m", SecretStr(KEY))
    model, api = ChatModel(endpoint, bench.provider.client(), retries=0), BatchApi(endpoint, bench.provider.client(), retries=0)
    judge = ModelJudge(model, blind=False)

    def read() -> Iterator[Transcript]:
        for number, each in enumerate(transcripts(6)()):
            if number == 3:
                stop.set()
            yield each

    with Ledger(bench.out) as ledger:
        desk = Desk(judge, model, Work([RUBRIC], judge, judge.prompt_version), ledger, bench.shelf, Watcher())
        await Handover(api, desk).advance(read, stop)
    await model.aclose()
    await api.aclose()
    assert bench.provider.batches == {} and not bench.shelf.state.exists() and bench.levels() == {"t0": 5}
    await bench.run()
    bench.provider.finish()
    assert (await bench.run()).finished and all_graded(bench)


async def test_giving_up_ends_what_is_under_way(bench: Bench) -> None:
    await bench.run()
    endpoint = Endpoint("https://models.example/v1", "m", SecretStr(KEY))
    model, api = ChatModel(endpoint, bench.provider.client()), BatchApi(endpoint, bench.provider.client(), retries=0)
    judge = ModelJudge(model, blind=False)
    with Ledger(bench.out) as ledger:
        desk = Desk(judge, model, Work([RUBRIC], judge), ledger, bench.shelf, Watcher())
        await Handover(api, desk).give_up()
    await model.aclose()
    await api.aclose()
    assert [batch["status"] for batch in bench.provider.batches.values()] == ["cancelled"]
    assert not bench.shelf.state.exists() and not bench.shelf.folder.exists()
