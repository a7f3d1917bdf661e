"""``fineline behaviours`` and ``fineline validate``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from simulator.cli.main import app
from simulator.domain.errors import UsageError


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATA", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"FINELINE_{name}", str(tmp_path / name.lower()))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), catch_exceptions=False)


def test_behaviours_are_listed_and_shown() -> None:
    listed = json.loads(run("behaviours", "list", "--json").stdout)
    assert {"id", "title", "description", "speakers"} <= listed[0].keys()
    assert len(listed) >= 48
    one = json.loads(run("behaviours", "show", "curt", "--json").stdout)
    assert one["id"] == "curt" and one["examples"]
    assert "Only in answer to" in run("behaviours", "show", "reciprocates_advance").stdout
    assert "solves" in run("behaviours", "list").stdout


def test_an_unknown_behaviour_gets_the_nearest() -> None:
    with pytest.raises(UsageError, match="curt"):
        run("behaviours", "show", "curtt")


def test_every_turn_gets_a_record(tmp_path: Path) -> None:
    turns = [{"role": "customer", "text": "My coffee is cold."}, {"role": "trainee", "text": "I'm so sorry. Here's a fresh one."},
             {"role": "customer", "text": "😀"}]  # fmt: skip
    (tmp_path / "t.jsonl").write_text(json.dumps({"id": "a", "turns": turns}) + "\n", "utf-8")
    out = tmp_path / "out.jsonl"
    assert run("behaviours", "detect", str(tmp_path / "t.jsonl"), "--out", str(out)).exit_code == 0
    records = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [(each["transcript"], each["turn"], each["role"]) for each in records] == [
        ("a", 1, "customer"),
        ("a", 2, "trainee"),
        ("a", 3, "customer"),
    ]
    assert {"id": "solves", "quote": "Here's a fresh one."}.items() <= next(
        x for x in records[1]["behaviours"] if x["id"] == "solves"
    ).items()
    assert records[2]["behaviours"] == []


def rated(tmp_path: Path, labels: list[dict[str, object]], texts: list[str]) -> str:
    path = tmp_path / "rated.jsonl"
    lines = [
        {"id": str(n), "turns": [{"role": "trainee", "text": text}], "labels": label}
        for n, (label, text) in enumerate(zip(labels, texts, strict=True))
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return str(path)


TEXTS = [
    "You're an idiot.",
    "Get lost.",
    "Shut up!",
    "Here's your latte.",
    "Of course.",
    "It's on the left.",
    "Thank you!",
    "Hello there.",
]


def test_scores_are_compared_with_labels(tmp_path: Path) -> None:
    path = rated(tmp_path, [{"rude": {"votes": 3 if number < 3 else 0}} for number in range(8)], TEXTS)
    (found,) = json.loads(
        run("validate", "--data", path, "--label", "rude.votes", "--score", "hostile", "--bootstrap", "60", "--json").stdout
    )
    assert (found["items"], found["positives"]) == (8, 3)
    assert found["auc"]["value"] == 1.0 and found["spearman"]["value"] > 0.8 and found["weighted_kappa"]["value"] == 1.0
    table = run("validate", "--data", path, "--label", "rude.votes", "--bootstrap", "60").stdout
    assert "hostile" in table and "abuse" in table


def test_labels_in_words_need_to_be_told_which_count(tmp_path: Path) -> None:
    path = rated(tmp_path, [{"kind": "rude remark" if number < 3 else "none"} for number in range(8)], TEXTS)
    with pytest.raises(UsageError, match="--positive"):
        run("validate", "--data", path, "--label", "kind")
    (found,) = json.loads(run("validate", "--data", path, "--label", "kind", "--positive", "rude", "--score", "hostile", "--bootstrap", "60",
                              "--json").stdout)  # fmt: skip
    assert found["auc"]["value"] == 1.0


def test_mistakes_are_said_in_a_sentence(tmp_path: Path) -> None:
    path = rated(tmp_path, [{"score": number} for number in range(8)], TEXTS)
    with pytest.raises(UsageError, match="score"):
        run("validate", "--data", path, "--label", "scores")
    with pytest.raises(UsageError, match="hostile"):
        run("validate", "--data", path, "--label", "score", "--score", "hostil")
    with pytest.raises(UsageError, match="not a comparison"):
        run("validate", "--data", path, "--label", "score", "--positive", "many")
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"turns": []}\n', "utf-8")
    with pytest.raises(UsageError, match=r"broken\.jsonl:1"):
        run("validate", "--data", str(broken), "--label", "score")
