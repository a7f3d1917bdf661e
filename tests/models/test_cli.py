"""``fineline models`` against a small server of this computer."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import keyring
import keyring.backends.fail
import pytest
from typer.testing import CliRunner

from simulator import settings
from simulator.cli.main import app
from simulator.domain.errors import FinelineError, UsageError
from simulator.models import discovery
from simulator.settings import ModelChoice

SPOKEN = b'data: {"choices":[{"delta":{"content":"A kettle, please."},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
JUDGED = (
    b'data: {"choices":[{"delta":{"content":"{\\"answer\\": true, \\"quote\\": \\"on the second shelf\\"}"},'
    b'"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer("application/json", json.dumps({"data": [{"id": "tiny:latest"}, {"id": "other"}]}).encode())

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self._answer("text/event-stream", JUDGED if "response_format" in asked else SPOKEN)

    def _answer(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "FINELINE_VOICE", "FINELINE_JUDGE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FINELINE_CONFIG", str(tmp_path))
    monkeypatch.setattr(discovery, "LOCAL_SERVERS", {})
    before = keyring.get_keyring()
    keyring.set_keyring(keyring.backends.fail.Keyring())
    yield
    keyring.set_keyring(before)


@pytest.fixture
def url(monkeypatch):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    monkeypatch.setattr(discovery, "LOCAL_SERVERS", {"Ollama": server.server_port})
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


def run(*words: str, **options: Any):
    return CliRunner().invoke(app, ["models", *words], **options)


def failing(*words: str, **options: Any) -> FinelineError:
    with pytest.raises(FinelineError) as caught:
        run(*words, catch_exceptions=False, **options)
    return caught.value


def test_nothing_there():
    done = run()
    assert done.exit_code == 0
    assert "built-in voice" in done.stdout
    assert "Fineline works without one" in done.stdout
    assert json.loads(run("--json").stdout)["found"] == []


def test_what_is_there_and_what_works(url):
    done = run("--try")
    assert done.exit_code == 0, done.output
    assert "tiny:latest, other" in done.stdout
    assert "It speaks" in done.stdout
    assert "A kettle, please." in done.stdout
    assert "It can judge" in done.stdout
    assert "Trying tiny:latest" in done.stderr


def test_for_programs(url):
    data = json.loads(run("--json", "--try").stdout)
    assert data["found"] == [
        {"name": data["found"][0]["name"], "base_url": url, "models": ["tiny:latest", "other"], "problem": None}
    ]
    assert [(each["model"], each["speaks"], each["judges"], each["form"]) for each in data["tried"]] == [
        ("tiny:latest", True, True, "json_schema")
    ]


def test_a_named_server_that_is_gone_is_told_of(monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    done = run("--try")
    assert done.exit_code == 0
    assert "Nothing answers at http://127.0.0.1:1/v1." in done.stdout
    assert "It cannot speak" in done.stdout


class TestUse:
    def test_a_model_is_found_by_its_name(self, url):
        done = run("use", "tiny")
        assert done.exit_code == 0, done.output
        assert settings.load().voice == settings.load().judge == ModelChoice(base_url=url, model="tiny:latest")

    def test_for_the_judge_only(self, url):
        run("use", "other", "--for", "judge")
        assert (settings.load().voice, settings.load().judge.model) == ("auto", "other")

    def test_at_an_address_nothing_is_looked_for(self):
        done = run("use", "big", "--at", "models.example", "--for", "voice")
        assert settings.load().voice == ModelChoice(base_url="https://models.example/v1", model="big")
        assert "big at models.example" in done.stdout
        assert "no key" in done.stderr

    def test_back_to_the_built_in_ones(self, url):
        run("use", "tiny")
        assert "built-in voice" in run("use", "builtin").stdout
        assert settings.load().voice == "builtin"

    def test_an_unknown_name_is_answered_with_the_nearest(self, url):
        error = failing("use", "othre")
        assert (error.exit_code, error.hint) == (2, "Did you mean 'other'?")
        assert settings.load().voice == "auto"

    def test_what_does_not_go_together(self):
        assert isinstance(failing("use", "builtin", "--at", "http://x"), UsageError)
        assert isinstance(failing("use", "m", "--at", "::"), UsageError)

    def test_a_variable_that_wins_is_mentioned(self, monkeypatch):
        monkeypatch.setenv("FINELINE_VOICE", "builtin")
        assert "FINELINE_VOICE" in run("use", "m", "--at", "http://127.0.0.1:1").stderr


class TestKey:
    def test_without_a_keyring_the_variable_is_offered(self):
        error = failing("key", input="sk-1\n")
        assert "OPENAI_API_KEY" in error.hint
        assert "sk-1" not in str(error)

    def test_it_is_read_from_standard_input_and_never_shown(self, monkeypatch):
        stored = []
        monkeypatch.setattr(keyring, "set_password", lambda *given: stored.append(given))
        done = run("key", "--at", "models.example", input="sk-1\n")
        assert stored == [("fineline", "https://models.example:443", "sk-1")]
        assert "sk-1" not in done.output

    def test_forgetting(self):
        assert "No key was stored for api.openai.com" in run("key", "--forget").stdout
