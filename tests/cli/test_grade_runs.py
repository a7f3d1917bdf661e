"""``fineline grade`` with a model: what it costs is known before, nothing is asked twice, and nothing is lost."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from simulator.authoring.library import Library, shipped_folders
from simulator.cli.main import app
from simulator.domain.persona import Persona
from simulator.domain.transcript import Transcript, Turn
from simulator.language.tokens import count
from simulator.store.store import Store

runner = CliRunner()
PROJECT = Path(__file__).parents[2]
PRICES = '[prices."judge-1"]\ninput = 250.0\ncached = 25.0\noutput = 2000.0\ncurrency = "EUR"\n'


class Endpoint:
    """A model on this computer that meets every question it is asked with words of the first trainee turn."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.status: Callable[[str], int] = lambda _question: 200
        self.latency_s = 0.0
        self.most_at_once = self._at_once = 0
        self._lock = threading.Lock()
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                self.send(200, {"object": "list", "data": [{"id": "judge-1", "object": "model"}]})

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                self.send(*endpoint.answer(body))

            def send(self, status: int, body: dict[str, Any]) -> None:
                data = json.dumps(body).encode()
                head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(data)}\r\n\r\n"
                try:
                    self.wfile.write(head.encode() + data)
                except OSError:
                    self.close_connection = True  # whoever asked was killed

            def log_message(self, *_: object) -> None: ...

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None: ...  # whoever asked was killed

        self._server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def answer(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        question = body["messages"][-1]["content"]
        with self._lock:
            self.asked.append(body["messages"][0]["content"] + question)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        time.sleep(self.latency_s)
        with self._lock:
            self._at_once -= 1
        status = self.status(question)
        if status != 200:
            return status, {"error": {"message": "no", "type": "x", "code": "x"}}
        words = re.search(r"^\[(\d+)\] TRAINEE: (.*)$", question, re.M)
        assert words, question
        ids = re.search(r"question ids: (.*)\.", question)[1].split(", ")
        evidence = [{"turn": int(words[1]), "quote": words[2]}]
        findings = [{"criterion": each, "reason": "So.", "evidence": evidence, "verdict": "met"} for each in ids]
        message = {"role": "assistant", "content": json.dumps({"findings": findings})}
        usage = {"prompt_tokens": 4000, "completion_tokens": 100, "total_tokens": 4100}
        return 200, {"choices": [{"index": 0, "finish_reason": "stop", "message": message}], "usage": usage}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    made = Endpoint()
    yield made
    made.close()


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What reading the rubrics and personas leaves in the cache."""
    folder = tmp_path_factory.mktemp("library")
    Library(shipped_folders(), folder).rubric("warmth")
    return folder


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, endpoint: Endpoint, library: Path) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(library, tmp_path / "cache")
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv("OPENAI_BASE_URL", endpoint.url)
    for name in ("DATA", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"FINELINE_{name}", str(tmp_path / name.lower()))


def priced(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir(exist_ok=True)
    (tmp_path / "config" / "settings.toml").write_text(PRICES)


def talks(path: Path, count: int, *, begin: int = 0, name: str = "t") -> Path:
    said = [
        {"role": "customer", "text": "Hello, my kettle broke after two days."},
        {"role": "trainee", "text": "I am so sorry. Let me swap number {} for you."},
        {"role": "customer", "text": "Thank you."},
        {"role": "trainee", "text": "Here you are, a new one. Have a lovely day!"},
    ]
    with path.open("w") as file:
        for number in range(begin, begin + count):
            turns = [{**turn, "text": turn["text"].format(number)} for turn in said]
            file.write(json.dumps({"id": f"{name}{number}", "turns": turns}) + "\n")
    return path


def grade(*arguments: object, exit_code: int = 0) -> Any:
    result = runner.invoke(app, ["grade", *map(str, arguments)])
    assert result.exit_code == exit_code, (result.exit_code, result.output, result.exception)
    return result


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


MODEL = ("--judge", "model", "--model", "judge-1")


def test_a_dry_run_says_what_is_left_to_do_and_asks_nobody(tmp_path: Path, endpoint: Endpoint):
    talks(tmp_path / "t.jsonl", 6)
    priced(tmp_path)
    said = json.loads(grade("t.jsonl", *MODEL, "--dry-run", "--json").stdout)
    estimate = said["estimate"]
    assert (estimate["transcripts"], estimate["judgements"], estimate["calls"], estimate["exact"]) == (6, 24, 24, True)
    assert estimate["input_tokens"] == estimate["fixed_tokens"] + estimate["other_tokens"]
    assert 0 < estimate["cached_tokens"] < estimate["fixed_tokens"]
    assert 0 < said["cost"]["with_prompt_cache"] < said["cost"]["without_prompt_cache"]
    assert said["cost"]["currency"] == "EUR"
    assert endpoint.asked == []
    assert not (tmp_path / "g.jsonl").exists()
    grade("t.jsonl", *MODEL, "-r", "warmth", "-o", "g.jsonl")
    before = {each.name: each.read_bytes() for each in tmp_path.glob("g.*")}
    left = json.loads(grade("t.jsonl", *MODEL, "-o", "g.jsonl", "--dry-run", "--json").stdout)["estimate"]
    assert (left["judgements"], left["done"]) == (18, 6)
    assert {each.name: each.read_bytes() for each in tmp_path.glob("g.*")} == before
    grade("t.jsonl", *MODEL, "-o", "g.jsonl")
    left = json.loads(grade("t.jsonl", *MODEL, "-o", "g.jsonl", "--dry-run", "--json").stdout)["estimate"]
    assert (left["transcripts"], left["judgements"], left["done"]) == (6, 0, 24)


def test_the_estimate_counts_what_is_really_asked(tmp_path: Path, endpoint: Endpoint):
    talks(tmp_path / "t.jsonl", 3)
    told = json.loads(grade("t.jsonl", *MODEL, "-r", "warmth", "-r", "boundaries", "--dry-run", "--json").stdout)["estimate"]
    grade("t.jsonl", *MODEL, "-r", "warmth", "-r", "boundaries", "-o", "g.jsonl")
    asked = sum(count(each) for each in endpoint.asked)
    # Beside the messages it counts the form of the answer, and what endpoints put around messages.
    assert told["calls"] == len(endpoint.asked) == 6
    assert asked < told["input_tokens"] < asked + 6 * 600
    without_price = grade("t.jsonl", *MODEL, "-o", "other.jsonl", "--dry-run", "-r", "service")
    assert "tokens" in without_price.stderr
    assert "EUR" not in without_price.stderr


def test_a_budget_stops_before_it_is_passed_and_a_larger_one_goes_on(tmp_path: Path, endpoint: Endpoint):
    talks(tmp_path / "t.jsonl", 30)
    priced(tmp_path)
    # One judgement costs 1.20, and up to about 8 are set aside for it.
    command = ["t.jsonl", *MODEL, "-r", "warmth", "-o", "g.jsonl", "--json"]
    result = grade(*command, "--budget", 20, exit_code=1)
    summary = json.loads(result.stdout)
    assert summary["stopped"] == "budget"
    assert 8 <= summary["cost"]["total"] <= 20
    assert summary["cost"]["total"] == pytest.approx(1.2 * summary["usage"]["calls"])
    assert summary["usage"]["calls"] == len(endpoint.asked) == summary["counts"]["scored"]
    assert "With a larger --budget, go on with: fineline" in result.stderr
    again = json.loads(grade(*command, "--budget", 20, exit_code=1).stdout)
    assert again["cost"]["total"] <= 20
    rest = json.loads(grade(*command, "--budget", 100).stdout)
    assert rest["stopped"] is None
    assert rest["cost"]["total"] == pytest.approx(36)
    assert len(endpoint.asked) == 30 == len(records(tmp_path / "g.jsonl"))
    run = json.loads((tmp_path / "g.jsonl.run.json").read_text())
    assert run["cost"]["total"] == pytest.approx(36)
    assert (run["usage"]["calls"], run["runs"], run["cost"]["currency"]) == (30, 3, "EUR")


def test_a_budget_needs_a_price_and_says_how_it_is_set(tmp_path: Path, endpoint: Endpoint):
    talks(tmp_path / "t.jsonl", 2)
    result = runner.invoke(app, ["grade", "t.jsonl", *MODEL, "--budget", "1", "-o", "g.jsonl"])
    assert "what judge-1 costs" in str(result.exception)
    assert '[prices."judge-1"]' in str(result.exception)
    assert endpoint.asked == []
    assert not (tmp_path / "g.jsonl").exists()


def test_identical_work_is_taken_from_the_cache_under_its_own_name(tmp_path: Path, endpoint: Endpoint):
    talks(tmp_path / "t.jsonl", 5)
    talks(tmp_path / "same.jsonl", 5, name="other")
    grade("t.jsonl", *MODEL, "-r", "warmth", "-o", "g.jsonl")
    assert len(endpoint.asked) == 5
    result = grade("same.jsonl", *MODEL, "-r", "warmth", "-o", "h.jsonl", "--json")
    assert len(endpoint.asked) == 5
    assert json.loads(result.stdout)["counts"]["reused"] == 5
    first, second = records(tmp_path / "g.jsonl"), records(tmp_path / "h.jsonl")
    assert sorted(each["transcript"] for each in second) == [f"other{n}" for n in range(5)]
    assert {each["usage"]["calls"] for each in second} == {0}
    alike = [
        sorted((json.dumps(each["findings"]), each["level"], each["score"]) for each in results) for results in (first, second)
    ]
    assert alike[0] == alike[1]
    grade("same.jsonl", *MODEL, "-r", "warmth", "-o", "i.jsonl", "--no-cache")
    assert len(endpoint.asked) == 10


def test_a_changed_rubric_alone_is_graded_again(tmp_path: Path, endpoint: Endpoint):
    talks(tmp_path / "t.jsonl", 4)
    shipped = next(each.path for each in shipped_folders() if (each.path / "warmth.yaml").exists())
    mine = tmp_path / "mine.yaml"
    mine.write_text((shipped / "warmth.yaml").read_text("utf-8").replace("id: warmth", "id: mine"), "utf-8")
    command = ["t.jsonl", *MODEL, "-r", "service", "-r", mine, "-o", "g.jsonl"]
    grade(*command)
    assert len(endpoint.asked) == 8
    mine.write_text(mine.read_text("utf-8").replace("weight: 3", "weight: 4").replace("weight: 2", "weight: 5"), "utf-8")
    result = grade(*command)
    assert "4 done before" in result.stderr
    assert len(endpoint.asked) == 12
    again = records(tmp_path / "g.jsonl")[8:]
    assert {each["rubric"] for each in again} == {"mine"}
    assert len({each["versions"]["rubric"] for each in records(tmp_path / "g.jsonl") if each["rubric"] == "mine"}) == 2


def test_failures_are_said_kept_out_of_the_cache_and_tried_again_when_asked(tmp_path: Path, endpoint: Endpoint):
    talks(tmp_path / "t.jsonl", 5)
    endpoint.status = lambda question: 400 if "number 3" in question else 200
    result = grade("t.jsonl", *MODEL, "-r", "warmth", "-o", "g.jsonl", exit_code=1)
    assert "4 scored, 0 not scored, 1 failed" in result.stderr
    [failed] = [each for each in records(tmp_path / "g.jsonl") if each["status"] == "failed"]
    assert (failed["transcript"], failed["level"], failed["score"]) == ("t3", None, None)
    assert failed["reason"]
    before = len(endpoint.asked)
    grade("t.jsonl", *MODEL, "-r", "warmth", "-o", "g.jsonl")
    assert len(endpoint.asked) == before
    endpoint.status = lambda _question: 200
    grade("t.jsonl", *MODEL, "-r", "warmth", "-o", "g.jsonl", "--retry-failed")
    assert len(endpoint.asked) == before + 1
    assert {each["status"] for each in records(tmp_path / "g.jsonl")} == {"scored"}


def test_a_wrong_key_stops_at_once(tmp_path: Path, endpoint: Endpoint):
    talks(tmp_path / "t.jsonl", 200)
    endpoint.status = lambda _question: 401
    result = runner.invoke(app, ["grade", "t.jsonl", *MODEL, "-o", "g.jsonl", "--concurrency", "4"])
    assert result.exit_code == 1
    assert "key" in str(result.exception)
    assert len(endpoint.asked) <= 8
    assert records(tmp_path / "g.jsonl") == []


def test_what_fails_from_the_start_stops(tmp_path: Path, endpoint: Endpoint):
    talks(tmp_path / "t.jsonl", 200)
    endpoint.status = lambda _question: 400
    result = runner.invoke(app, ["grade", "t.jsonl", *MODEL, "-r", "warmth", "-o", "g.jsonl", "--concurrency", "4"])
    assert result.exit_code == 1
    assert "all failed" in str(result.exception)
    assert len(records(tmp_path / "g.jsonl")) < 40


def test_all_rubrics_in_one_call(tmp_path: Path, endpoint: Endpoint):
    talks(tmp_path / "t.jsonl", 3)
    grade("t.jsonl", *MODEL, "-o", "g.jsonl", "--one-call")
    assert len(endpoint.asked) == 3
    results = records(tmp_path / "g.jsonl")
    assert len(results) == 12
    assert sum(each["usage"]["calls"] for each in results) == 3
    grade("t.jsonl", *MODEL, "-o", "g.jsonl", "--one-call")
    assert len(endpoint.asked) == 3


def test_several_rubrics_of_one_transcript_are_asked_about_at_once(tmp_path: Path, endpoint: Endpoint):
    talks(tmp_path / "t.jsonl", 1)
    endpoint.latency_s = 0.2
    grade("t.jsonl", *MODEL, "-o", "g.jsonl", "--concurrency", 8)
    assert endpoint.most_at_once == 4


def test_the_run_describes_itself(tmp_path: Path, endpoint: Endpoint):
    talks(tmp_path / "t.jsonl", 2)
    grade("t.jsonl", *MODEL, "-r", "warmth", "-o", "g.jsonl", "--trainee", "trainee")
    run = json.loads((tmp_path / "g.jsonl.run.json").read_text())
    assert (run["sources"], run["folder"], run["judge"]) == (["t.jsonl"], str(tmp_path), "judge-1")
    assert (run["reading"]["trainee"], run["endpoint"]) == ("trainee", endpoint.url)
    assert [each["id"] for each in run["rubrics"]] == ["warmth"]
    assert run["started"]
    assert run["finished"]
    assert (run["counts"]["scored"], run["usage"]["calls"], run["cost"]["total"]) == (2, 2, None)
    assert run["results_bytes"] == (tmp_path / "g.jsonl").stat().st_size


def test_the_apps_own_sessions_are_graded_by_what_suits_their_persona(tmp_path: Path, endpoint: Endpoint):
    personas: list[Persona] = [entry.value for entry in Library(shipped_folders(), tmp_path / "cache").personas.values()]
    colleague = next(each for each in personas if each.role != "customer")
    customer = next(each for each in personas if each.role == "customer")
    store = Store.open(tmp_path / "data")
    turns = [Turn(role="customer", text="Hello."), Turn(role="trainee", text="Good morning! How can I help?")]
    for persona in (colleague, customer):
        recorder = store.begin(Transcript(id=f"{persona.id}-1", persona=persona.id, identity="Dana", turns=turns))
    store.begin(Transcript(id="nothing-said", persona=customer.id, turns=turns[:1]))
    # The store is open all the while, as it is in the app.
    grade("store:", "-o", "g.jsonl")
    asked = {(each["transcript"], each["rubric"]) for each in records(tmp_path / "g.jsonl")}
    ids = dict.fromkeys(transcript for transcript, _ in asked)
    assert len(ids) == 2
    served = {transcript for transcript, rubric in asked if rubric == "service"}
    assert served == {recorder.session_id}
    assert {rubric for transcript, rubric in asked if transcript not in served} >= {"warmth", *colleague.trains}
    one = grade(f"store:{recorder.session_id[:8]}", "-r", "warmth")
    assert [json.loads(line)["transcript"] for line in one.stdout.splitlines()] == [recorder.session_id]
    store.close()
    missing = runner.invoke(app, ["grade", "store:zzz"])
    assert "no saved session 'zzz'" in str(missing.exception)


def test_results_in_the_folder_that_is_read_are_not_read(tmp_path: Path):
    (tmp_path / "in").mkdir()
    talks(tmp_path / "in" / "t.jsonl", 2)
    for _ in range(2):
        result = grade("in", "-r", "warmth", "-o", "in/g.jsonl")
        assert "could not be read" not in result.stderr
    assert len(records(tmp_path / "in" / "g.jsonl")) == 2


def test_what_was_rejected_before_is_neither_lost_nor_named_twice(tmp_path: Path):
    talks(tmp_path / "t.jsonl", 3)
    lines = (tmp_path / "t.jsonl").read_text().splitlines()
    (tmp_path / "t.jsonl").write_text("\n".join([lines[0], "{broken", lines[1], lines[2], ""]))
    for _ in range(2):
        result = grade("t.jsonl", "-r", "warmth", "-o", "g.jsonl", "--json", exit_code=1)
        assert json.loads(result.stdout)["counts"]["rejected"] == 1
        assert [each["line"] for each in records(tmp_path / "g.jsonl.rejected")] == [2]
    assert json.loads(result.stdout)["counts"]["resumed"] == 3


def test_output_that_cannot_be_written_is_one_clear_message(tmp_path: Path):
    talks(tmp_path / "t.jsonl", 1)
    (tmp_path / "file").write_text("")
    for out, words in ((".", "is a folder"), ("file/g.jsonl", "could not be written")):
        result = runner.invoke(app, ["grade", "t.jsonl", "-o", out])
        assert words in str(result.exception), out


def started(tmp_path: Path, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "simulator", "grade", *map(str, arguments)]
    return subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(PROJECT)}
    )


def until(condition: Callable[[], bool]) -> None:
    for _ in range(2000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it never came about")


def test_killed_and_stopped_and_taken_up_again_nothing_is_lost_and_little_asked_twice(tmp_path: Path, endpoint: Endpoint):
    talks(tmp_path / "t.jsonl", 80)
    endpoint.latency_s = 0.02
    command = ["t.jsonl", *MODEL, "-r", "warmth", "-o", "g.jsonl", "--concurrency", 4, "--no-cache"]
    with started(tmp_path, *command) as process:
        until(lambda: len(endpoint.asked) >= 13)
        process.send_signal(signal.SIGKILL)
    killed_at = len(endpoint.asked)
    endpoint.latency_s = 0.05
    with started(tmp_path, *command, "--retry-failed") as process:
        until(lambda: len(endpoint.asked) >= killed_at + 10)
        process.send_signal(signal.SIGINT)
        said = process.communicate()[1]
    assert process.returncode == 130
    assert "Finishing what is under way" in said
    then = "Go on with: fineline grade t.jsonl --judge model --model judge-1 -r warmth -o g.jsonl --concurrency 4 --no-cache\n"
    assert then in said
    done = len(records(tmp_path / "g.jsonl"))
    # What was told to stop finished what it had begun; what was killed could not.
    assert done <= len(endpoint.asked) <= done + 4
    assert done < 80
    assert json.loads((tmp_path / "g.jsonl.run.json").read_text())["finished"] is None
    endpoint.latency_s = 0
    grade(*command)
    assert 80 <= len(endpoint.asked) <= 84
    grade("t.jsonl", *MODEL, "-r", "warmth", "-o", "whole.jsonl", "--no-cache")
    killed, whole = (sorted(map(json.dumps, records(tmp_path / name))) for name in ("g.jsonl", "whole.jsonl"))
    assert killed == whole
