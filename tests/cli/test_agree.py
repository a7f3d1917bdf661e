"""``fineline agree`` from the outside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.cli.agree import app
from simulator.domain.errors import FinelineError, UsageError


def run(*arguments: object, stdin: str | None = None) -> str:
    result = CliRunner().invoke(app, [str(each) for each in arguments], input=stdin)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def results(path: Path, judge: str, levels: list[int]) -> Path:
    lines = []
    for number, level in enumerate(levels):
        finding = {"criterion": "greets", "verdict": "met" if level > 2 else "not_met", "counted": True}
        lines.append(
            json.dumps(
                {"transcript": f"t{number}", "rubric": "warmth", "judge": judge, "status": "scored", "level": level,
                 "score": level / 5, "findings": [finding], "versions": {"rubric": "d1"}}
            )
        )  # fmt: skip
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_table_of_80_columns_with_words_that_may_be_said(tmp_path: Path) -> None:
    one = results(tmp_path / "a.jsonl", "built-in", [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1, 2, 3, 4, 5])
    two = results(tmp_path / "b.jsonl", "ann\x1b[31m", [1, 2, 3, 4, 5, 1, 2, 3, 3, 5, 1, 3, 3, 4, 4])
    shown = run(one, two)
    assert max(map(len, shown.splitlines())) <= 80
    assert "15 of them by both" in shown
    assert "Krippendorff's α, ordinal" in shown and "For conclusions: reliable" in shown
    assert "greets" in shown and "\x1b" not in shown


def test_json_has_every_figure_with_interval_and_n(tmp_path: Path) -> None:
    one = results(tmp_path / "a.jsonl", "a", [1, 2, 3, 4, 5] * 4)
    two = results(tmp_path / "b.jsonl", "b", [1, 2, 3, 5, 5] * 4)
    three = results(tmp_path / "c.jsonl", "c", [2, 2, 3, 5, 5] * 4)
    found = json.loads(run(one, two, three, "--json", "--bootstrap", 200))
    assert [each["name"] for each in found["raters"]] == ["a", "b", "c"]
    [rubric] = found["rubrics"]
    assert rubric["transcripts"] == {"any": 20, "two_or_more": 20, "all": 20, "by_rater": {"a": 20, "b": 20, "c": 20}}
    assert len(rubric["level"]["pairs"]) == 3
    figure = rubric["level"]["alpha_ordinal"]
    assert figure["low"] < figure["value"] < figure["high"] and figure["n"] == 20
    assert json.loads(run(one, two, three, "--json", "--bootstrap", 200)) == found
    shown = run(one, two, three, "--pairs")
    assert shown.count("a – b") >= 2 and max(map(len, shown.splitlines())) <= 80


def test_plain_labels(tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    table.write_text("unit,ann,bob\n" + "".join(f"{n},{'ab'[n % 2]},{'ab'[(n // 3) % 2]}\n" for n in range(24)))
    assert "24 units, 2 raters: ann, bob" in run("--csv", table, "--columns", "ann, bob")
    long = "u,r,l\n" + "".join(f"{n},{r},{1 + (n + (r == 'y' and n == 3)) % 3}\n" for n in range(20) for r in "xy")
    shown = run("--csv", "-", "--unit", "u", "--rater", "r", "--label", "l", stdin=long)
    assert "labels (numbers)" in shown and "weighted κ, quadratic" in shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Which results"),
        (["--csv", "x.csv"], "laid out"),
        (["--csv", "x.csv", "--columns", "a,b", "--unit", "u"], "one unit a row"),
        (["a.jsonl", "--csv", "x.csv"], "do not go together"),
        (["a.jsonl", "--order", "a,b"], "--order is for plain labels"),
        (["a.csv"], "is a table"),
    ],
)
def test_wrong_usage_says_what_is_right(arguments: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        run(*arguments)


def test_nothing_in_common_shows_what_each_rated(tmp_path: Path) -> None:
    one = results(tmp_path / "a.jsonl", "a", [1, 2])
    two = results(tmp_path / "b.jsonl", "b", [1, 2])
    two.write_text(two.read_text().replace('"t0"', '"session-t0"').replace('"t1"', '"session-t1"'))
    with pytest.raises(FinelineError, match="No transcript was rated by two") as caught:
        run(one, two)
    assert "'t0'" in caught.value.hint and "'session-t0'" in caught.value.hint


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(FinelineError, match="could not be read"):
        run("--csv", tmp_path / "gone.csv", "--columns", "a,b")
    (tmp_path / "x.csv").write_bytes(b"a,b\n\xff,1\n")
    with pytest.raises(UsageError, match="not UTF-8"):
        run("--csv", tmp_path / "x.csv", "--columns", "a,b")
