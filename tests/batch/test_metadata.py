"""What transcripts say about themselves is found again by their ids."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simulator.batch.manifest import RunManifest, save_manifest
from simulator.batch.metadata import Metadata, keys_of, value_of
from simulator.batch.sources import sources_of
from simulator.domain.errors import UsageError
from simulator.domain.transcript import Transcript


def transcript(id_: str, **keys: object) -> Transcript:
    return Transcript.model_validate({"id": id_, "turns": [], **keys})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("team", "blue"),
        ("persona", "dana"),
        ("survey.warmth", 7.5),
        ("labels.site.name", "No\u0072th"),
        ("a.b", 1),
        ("c.d.e", True),
        ("seed", None),
        ("team.x", None),
        ("nothing", None),
        ("hidden", "evil line"),
    ],
)
def test_keys_are_dotted_paths(key: str, value: object):
    survey = {"warmth": 7.5, "comfort": 3, "would_return": True}
    keys = {
        "team": "blue",
        "survey": survey,
        "labels": {"site": {"name": "North"}},
        "a.b": 1,
        "c.d": {"e": True},
        "persona": "dana",
    }
    assert value_of(transcript("t", **keys, hidden="\u202eevil\nline"), key) == value


def test_what_is_no_single_value_is_said_with_what_is_in_it():
    with pytest.raises(UsageError, match="an object") as caught:
        value_of(transcript("t", labels={"site": "x", "line": 2}), "labels")
    assert caught.value.hint == "Choose one of labels.line, labels.site."
    with pytest.raises(UsageError, match="a list"):
        value_of(transcript("t", tags=["x"]), "tags")


def test_values_are_found_by_id_and_never_mixed_up():
    with Metadata(["team", "site"]) as metadata:
        metadata.gather([transcript("a", team="x", site=1), transcript("b", team="y"), transcript("c", team="x"),
                         transcript("c", team="z"), transcript("a", team="x", site=1)])  # fmt: skip
        assert metadata.of("a") == ("x", 1)
        assert metadata.of("b") == ("y", None)
        assert metadata.of("c") is None
        assert metadata.of("nobody") is None


def test_a_key_nobody_has_is_answered_with_the_nearest():
    with Metadata(["taem"]) as metadata, pytest.raises(UsageError, match="No transcript has a value for 'taem'") as caught:
        metadata.gather([transcript("a", team="x", labels={"site": "n", "deep": {"er": {"est": 1}}})])
    assert caught.value.hint == "Did you mean 'team'? Keys: id, labels.site, team."
    assert list(keys_of(transcript("a", note=""))) == ["id"]


def test_sources_are_where_the_run_says_or_somebody_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "then").mkdir()
    (tmp_path / "then" / "t.jsonl").write_text(
        json.dumps({"id": "t", "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yo"}]})
    )
    results = tmp_path / "r.jsonl"
    assert sources_of([results]) == []
    run = RunManifest(fineline="1", sources=["t.jsonl", "-"], folder=str(tmp_path / "then"), reading={"trainee": "assistant"})
    save_manifest(results, run)
    [source] = sources_of([results, results])
    [read] = source.transcripts()
    assert [turn.role for turn in read.turns] == ["customer", "trainee"]
    monkeypatch.chdir(tmp_path / "then")
    save_manifest(results, run.model_copy(update={"folder": str(tmp_path / "gone")}))
    [source] = sources_of([results])
    assert source.paths == ("t.jsonl",)
    [told] = sources_of([results], ["t.jsonl"], trainee="user")
    assert [turn.role for turn in next(told.transcripts()).turns] == ["trainee", "customer"]
