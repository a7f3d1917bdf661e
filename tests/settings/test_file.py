"""The settings file: mistakes are named with their line, and what is in it is never harmed."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from simulator import settings
from simulator.domain.errors import AuthoringError, FinelineError, UsageError
from simulator.settings import ModelChoice, Settings, Timeouts


def test_without_a_file_everything_has_a_default():
    loaded = settings.load()
    assert loaded == Settings()
    assert (loaded.voice, loaded.judge, loaded.blind_judge) == ("auto", "auto", True)


def test_what_is_written_is_read(file):
    file(
        'voice = "llama3.2@http://localhost:11434"\ntheme = "nord"\nfolders = ["mine", "/ours"]\nreduced_motion = true\n'
        '[judge]\nmodel = "gpt-4.1"\nkey_env = "MY_KEY"\n[keymap]\nstop = "ctrl+x"\n[timeouts]\nstall = 3\n'
    )
    loaded = settings.load()
    assert loaded.voice == ModelChoice(base_url="http://localhost:11434/v1", model="llama3.2")
    assert loaded.judge == ModelChoice(model="gpt-4.1", key_env="MY_KEY")
    assert loaded.folders == (Path("mine"), Path("/ours"))
    assert (loaded.keymap, loaded.timeouts, loaded.theme) == ({"stop": "ctrl+x"}, Timeouts(stall=3), "nord")


def test_prices_are_found_by_the_models_name_and_kept_when_something_else_is_changed(file):
    path = file('[prices."org/gpt-4.1"]\ninput = 2\ncached = 0.5\noutput = 8\ncurrency = "EUR"\n')
    loaded = settings.load()
    price = settings.price_of(loaded, "Org/GPT-4.1")
    assert price is not None
    assert (price.input, price.cached, price.output, price.currency) == (2, 0.5, 8, "EUR")
    assert settings.price_of(loaded, "gpt-4.1") is None
    settings.save(loaded.model_copy(update={"theme": "nord"}))
    assert settings.load().prices == loaded.prices
    example = settings.price_hint('we"ird').split("\n", 1)[1]
    path.write_text(example)
    assert settings.price_of(settings.load(), 'we"ird') is not None


MISTAKES = [
    ('theme = "x"\nvoyce = "auto"\n', 2, "voyce", "voice"),
    ('# hello\n\n[voice]\nmodel = "m"\nbase_ulr = "http://x"\n', 5, "voice.base_ulr", "base_url"),
    ("[timeouts]\nstal = 3\n", 2, "timeouts.stal", "stall"),
    ('voice = "bultin"\n', 1, "builtin", ""),
    ('\njudge = ""\n', 2, "empty", ""),
    ('[prices."gpt-4.1"]\ninput = 2\noutput = 8\ncahced = 1\n', 4, "prices.gpt-4.1.cahced", "cached"),
    ("[prices.small]\ninput = 2\noutput = -8\n", 3, "greater than or equal to 0", ""),
    ("[prices.small]\ninput = 2\n", 1, "prices.small.output: field required", ""),
    ("theme = 3\n", 1, "theme: input should be a valid string", ""),
    ("voice = [1]\n", 1, "voice", ""),
    ("voice = {model = 3}\n", 1, "voice.model", ""),
    ('voice = {base_url = "::"}\n', 1, "not the address of a model server", ""),
    ("timeouts = {stall = -1}\n", 1, "greater than 0", ""),
    ("[keymap]\na = 1\n", 2, "keymap.a", ""),
    ('theme = "never closed\n', 1, "", ""),
    ("a = 1\na = 2\n", 2, "overwrite", ""),
    (b'theme = "nord"\nkeymap = {a = "\xff"}\n', 2, "not UTF-8", ""),
]


@pytest.mark.parametrize(("content", "line", "words", "suggestion"), MISTAKES)
def test_a_mistake_is_named_with_its_line_and_the_file_left_alone(file, content, line, words, suggestion):
    path = file(content)
    before = path.read_bytes()
    with pytest.raises(AuthoringError) as caught:
        settings.load()
    problem = caught.value.problems[0]
    assert (problem.path, problem.line, problem.suggestion) == (str(path), line, suggestion)
    assert words in problem.message
    with pytest.raises(AuthoringError):
        settings.save(Settings(theme="other"))
    assert path.read_bytes() == before


def test_all_mistakes_are_named_at_once(file):
    file("voyce = 1\ntheme = 2\n[timeouts]\nstal = 1\n")
    with pytest.raises(AuthoringError) as caught:
        settings.load()
    assert [problem.line for problem in caught.value.problems] == [1, 2, 4]


def test_files_that_are_none(file, tmp_path):
    path = file(b"# x\n" * 400_000)
    with pytest.raises(AuthoringError, match="too large"):
        settings.load()
    path.unlink()
    path.mkdir()
    with pytest.raises(AuthoringError, match="cannot be read"):
        settings.load()


@given(st.text(max_size=60) | st.binary(max_size=40))
@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_file_is_settings_or_one_clear_error(file, content):
    file(content.encode("utf-8", "ignore") if isinstance(content, str) else content)
    try:
        assert isinstance(settings.load(), Settings)
    except AuthoringError as error:
        assert str(error)
        assert "\x1b" not in str(error)


class TestSaving:
    def test_only_what_changed_is_written_and_the_rest_stays(self, file):
        path = file('# mine\ntheme = "nord"  # nice\n\n[voice]  # here\nmodel = "m"\n# end\n[timeouts]\nstall = 3\n')
        settings.save(settings.load().model_copy(update={"theme": "dracula", "voice": "builtin"}))
        text = path.read_text()
        assert "# mine" in text
        assert 'theme = "dracula"  # nice' in text
        assert "[timeouts]\nstall = 3" in text
        assert settings.load() == Settings(theme="dracula", voice="builtin", timeouts=Timeouts(stall=3))

    def test_a_first_file_is_made(self, tmp_path):
        settings.save(
            Settings(judge=ModelChoice(model="m", base_url="localhost:1234"), folders=(Path("/x"),), keymap={"a.b": "c"})
        )
        assert settings.load().judge == ModelChoice(model="m", base_url="http://localhost:1234/v1")
        assert settings.load().keymap == {"a.b": "c"}
        assert sorted(each.name for each in (tmp_path / "config").iterdir()) == ["settings.toml"]

    def test_back_to_the_default(self, file):
        path = file("[timeouts]\nstall = 3\n")
        settings.save(Settings())
        assert settings.load() == Settings()
        assert "stall" not in path.read_text()

    def test_what_a_variable_says_is_not_made_permanent(self, file, monkeypatch):
        path = file('theme = "nord"\n')
        monkeypatch.setenv("FINELINE_VOICE", "some-model")
        settings.save(settings.load().model_copy(update={"theme": "dracula"}))
        assert tomllib.loads(path.read_text()) == {"theme": "dracula"}

    def test_nothing_changed_writes_nothing_new(self, file):
        path = file("theme='nord'\n# odd   layout\n[ timeouts ]\n")
        before = path.read_bytes()
        settings.save(settings.load())
        assert path.read_bytes() == before

    def test_a_folder_that_cannot_be_written(self, tmp_path, monkeypatch):
        (tmp_path / "taken").write_text("a file")
        monkeypatch.setenv("FINELINE_CONFIG", str(tmp_path / "taken" / "x"))
        with pytest.raises(FinelineError):
            settings.save(Settings(theme="nord"))
        assert (tmp_path / "taken").read_text() == "a file"

    def test_a_value_that_is_none_is_refused(self):
        with pytest.raises(ValueError, match="theme"):
            settings.save(Settings().model_copy(update={"theme": 3}))


class TestVariables:
    def test_they_win_over_the_file(self, file, monkeypatch):
        file('voice = "auto"\nblind_judge = true\n')
        monkeypatch.setenv("FINELINE_VOICE", "built-in")
        monkeypatch.setenv("FINELINE_BLIND_JUDGE", "no")
        monkeypatch.setenv("FINELINE_THEME", "  ")
        loaded = settings.load()
        assert (loaded.voice, loaded.blind_judge, loaded.theme) == ("builtin", False, "")

    @pytest.mark.parametrize(("name", "value"), [("FINELINE_REDUCED_MOTION", "perhaps"), ("FINELINE_VOICE", "atuo")])
    def test_one_that_holds_nonsense_is_named(self, monkeypatch, name, value):
        monkeypatch.setenv(name, value)
        with pytest.raises(UsageError, match=name):
            settings.load()


class TestPlaces:
    def test_folders_are_named_by_variables(self, tmp_path, monkeypatch):
        monkeypatch.setenv("FINELINE_DATA", str(tmp_path / "d"))
        monkeypatch.setenv("FINELINE_CACHE", str(tmp_path / "c"))
        assert settings.config_file() == tmp_path / "config" / "settings.toml"
        assert (settings.data_folder(), settings.cache_folder()) == (tmp_path / "d", tmp_path / "c")

    def test_or_by_the_platform(self, monkeypatch):
        monkeypatch.delenv("FINELINE_CONFIG")
        for folder in (settings.config_file().parent, settings.data_folder(), settings.cache_folder()):
            assert folder.is_absolute()
            assert "fineline" in folder.parts

    def test_where_personas_and_rubrics_come_from(self, tmp_path, monkeypatch):
        for name in ("config/mine/personas", "one", "two/rubrics", "here/personas"):
            (tmp_path / name).mkdir(parents=True)
        monkeypatch.chdir(tmp_path / "here")
        monkeypatch.setenv("FINELINE_PATH", os.pathsep.join([str(tmp_path / "one"), "", str(tmp_path / "two")]))
        found = settings.library_folders(Settings(folders=(Path("mine"),)))
        own = [(str(each.path.relative_to(tmp_path)), each.origin) for each in found if each.origin != "shipped"]
        assert own == [
            ("config/mine", "settings"),
            ("config/mine/personas", "settings"),
            ("one", "FINELINE_PATH"),
            ("two", "FINELINE_PATH"),
            ("two/rubrics", "FINELINE_PATH"),
            ("here/personas", "here"),
        ]
        assert found[0].origin == "shipped"
