"""Options become judges, or a sentence that says why not."""

from __future__ import annotations

import pytest

from simulator import settings
from simulator.authoring.library import Library
from simulator.cli.judges import ChosenJudge, chosen
from simulator.domain.errors import UsageError
from simulator.settings import ModelChoice, Settings


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return Library(settings.library_folders(Settings()), tmp_path_factory.mktemp("cache"))


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:1/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-env-abcdefgh")


def choose(library: Library, configured: Settings | None = None, **options: object) -> ChosenJudge:
    return chosen(configured or Settings(), library, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({}, "built-in"),
        ({"judge": "builtin"}, "built-in"),
        ({"model": "a"}, "a"),
        ({"judge": "model", "model": "a@http://localhost:2"}, "a"),
        ({"judges": "a"}, "a"),
        ({"judges": "builtin, a,b"}, "panel: built-in, a, b"),
        ({"judges": "a,a@http://localhost:2/v1"}, "panel: a@localhost:1, a@localhost:2"),
        ({"model": "a", "repeats": 3}, "a ×3"),
        ({"judges": "builtin,a", "repeats": 2}, "panel: built-in, a ×2"),
    ],
)
def test_who_judges(library: Library, options: dict[str, object], name: str) -> None:
    judge = choose(library, **options)
    assert judge.judge.name == name
    assert judge.panel == ("panel" in name or "×" in name)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"judge": "builtin", "model": "a"}, "--model a asks for a language model, but --judge is builtin"),
        ({"judges": "a,b", "model": "a"}, "--model does not go with it"),
        ({"judges": " , "}, "--judges names nobody"),
        ({"judges": "a,b,a"}, "a is named twice"),
        ({"judges": "builtin,built-in"}, "builtin is named twice"),
        ({"judges": "a,buildin"}, "did you mean 'builtin'"),
        ({"judges": "a@localhost:9/v1,b"}, "Write a@http://localhost:9/v1"),
        ({"judges": "a@http://:0x/v1"}, "address of a model server"),
        ({"repeats": 2}, "same answers every time"),
    ],
)
def test_what_does_not_go(library: Library, options: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        choose(library, **options)
    assert message in str(caught.value)


@pytest.mark.parametrize("options", [{"judge": "model"}, {"judges": "builtin,a"}])
def test_a_model_needs_a_server(library: Library, monkeypatch: pytest.MonkeyPatch, options: dict[str, object]) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL")
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(UsageError, match=r"no language model to judge with|no server to ask for 'a'"):
        choose(library, **options)


def test_a_key_goes_to_its_own_server_only(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTHER_KEY", "sk-other-abcdefgh")
    monkeypatch.setattr("keyring.get_password", lambda _service, _origin: None)
    configured = Settings(judge=ModelChoice(model="m", base_url="https://other.example/v1", key_env="OTHER_KEY"))
    judge = choose(library, configured, judges="a,b@https://other.example,c@https://third.example,d@http://localhost:1")
    keys = [each.key.get_secret_value() if each.key else None for each in judge.endpoints]
    assert keys == ["sk-other-abcdefgh", "sk-other-abcdefgh", None, "sk-env-abcdefgh"]


def test_what_the_work_is_kept_under_tells_judges_apart(library: Library) -> None:
    sighted = Settings(blind_judge=False)
    ways = [
        choose(library, model="a"),
        choose(library, sighted, model="a"),
        choose(library, model="a", repeats=2),
        choose(library, model="a", repeats=3),
        choose(library, judges="a,b"),
        choose(library, judges="a,builtin"),
    ]
    assert len({(each.judge.name, each.prompt_version) for each in ways}) == len(ways)


def test_models_at_one_server_share_its_limit(library: Library) -> None:
    one, two, other = choose(library, judges="a,b,c@http://localhost:2", concurrency=4).models
    assert one.limit is two.limit and one.limit is not other.limit
    assert (one.limit.ceiling, other.limit.ceiling) == (4, 4)


async def test_members_that_turn_out_to_be_one_are_refused(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    judge = choose(library, judges="a,model")

    async def settle(self: object) -> str:
        return "a"

    monkeypatch.setattr("simulator.models.bulk.BulkModel.settle_on_model", settle)
    for model in judge.models:
        model.endpoint = model.endpoint.__class__.at(model.endpoint.url, "a")
    with pytest.raises(UsageError, match="a is named twice"):
        await judge.settle()


async def test_an_unknown_model_is_answered_with_the_nearest(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    judge = choose(library, model="gpt-4.1-mimi")

    async def models(self: object) -> list[str]:
        return ["gpt-4.1", "gpt-4.1-mini", "other"]

    monkeypatch.setattr("simulator.models.bulk.BulkModel.models", models)
    assert await judge.advice("not_found") == "Did you mean 'gpt-4.1-mini'?"
    assert await judge.advice("timeout") == ""
