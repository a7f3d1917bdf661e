"""Tables of grades: what was said comes back as it was, and no spreadsheet runs it."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.batch.grades import Result
from simulator.batch.writers.csv import BOM, CsvRows, guarded
from simulator.batch.writers.files import write_tables
from simulator.batch.writers.tables import FINDINGS, GRADES, RATINGS, TABLES
from simulator.domain.errors import FinelineError
from simulator.domain.grade import Evidence, Finding, Grade, GradeVersions, Rating, Usage

SAID = '=HYPERLINK("http://x","click"), she said;\n"ok"'


def result(quote: str = SAID, *, ratings: tuple[Rating, ...] = ()) -> Result:
    findings = (
        Finding(criterion="kind", verdict="met", counted=True, substantiated=True, reason="Heard.",
                evidence=(Evidence(turn=2, quote=quote), Evidence(turn=4, quote="Bye."))),
        Finding(criterion="clear", verdict="not_met", counted=False, substantiated=False, evidence=(Evidence(turn=9, quote="?"),)),
        Finding(criterion="other", verdict="not_applicable"),
    )  # fmt: skip
    grade = Grade(
        transcript="-1", rubric="warmth", judge="built-in", status="scored", level=4, score=0.75, findings=findings,
        ratings=ratings, usage=Usage(input_tokens=7, calls=1), versions=GradeVersions(fineline="1", rubric="abc"),
    )  # fmt: skip
    return Result(grade, "0" * 32, "r.jsonl", 1)


def unguarded(cell: str) -> str:
    return cell[1:] if re.match(r"'+[=+\-@\t\r\n＝＋－＠]", cell) else cell


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet=st.sampled_from("'=+-@\t\r\n ＝aé"), max_size=8) | st.text(max_size=30))
def test_no_cell_begins_like_a_formula_and_the_words_come_back(text: str):
    cell = guarded(text)
    assert not re.match(r"[=+\-@\t\r\n＝＋－＠]", cell)
    assert unguarded(cell) == text


def test_csv_gives_back_what_it_was_given():
    file = io.StringIO()
    rows = CsvRows(FINDINGS, file, bom=True)
    rows.add(result())
    text = file.getvalue()
    assert text.startswith(BOM)
    [kind, clear, other] = csv.DictReader(io.StringIO(text.removeprefix(BOM), newline=""))
    assert (unguarded(kind["transcript"]), kind["turn"], kind["counted"]) == ("-1", "2", "true")
    assert kind["quote"] == "'" + SAID
    assert json.loads(kind["evidence"]) == [{"turn": 2, "quote": SAID}, {"turn": 4, "quote": "Bye."}]
    assert (clear["verdict"], clear["counted"], clear["substantiated"]) == ("not_met", "false", "false")
    assert (other["turn"], other["quote"], other["substantiated"]) == ("", "", "")


def test_plain_csv_is_for_programs():
    file = io.StringIO()
    CsvRows(FINDINGS, file, plain=True).add(result())
    assert next(csv.DictReader(io.StringIO(file.getvalue(), newline="")))["quote"] == SAID


def test_parquet_is_read_back_with_types_and_all_evidence(tmp_path: Path):
    out = tmp_path / "new" / "it's.parquet"
    written = write_tables([result(), result("Ünïcode 🙂")], list(TABLES.values()), out, "parquet")
    assert [(each.path.name, each.rows) for each in written] == [("it's.parquet", 2), ("it's.findings.parquet", 6)]
    assert {each.name for each in out.parent.iterdir()} == {"it's.parquet", "it's.findings.parquet"}
    with duckdb.connect() as db:
        grades = db.execute("SELECT level, score, met, unsubstantiated, input_tokens, key FROM read_parquet($1)", [str(out)])
        assert grades.fetchall()[0] == (4, 0.75, 1, 1, 7, "0" * 32)
        findings = db.execute("SELECT quote, evidence FROM read_parquet($1)", [str(written[1].path)]).fetchall()
        assert findings[0] == (SAID, [{"turn": 2, "quote": SAID}, {"turn": 4, "quote": "Bye."}])
        assert findings[3][0] == "Ünïcode 🙂"
        assert findings[2] == (None, [])
        packed = db.execute("SELECT DISTINCT compression FROM parquet_metadata($1)", [str(out)]).fetchall()
        assert packed == [("ZSTD",)]


def test_ratings_have_a_table_where_a_panel_judged(tmp_path: Path):
    panel = (Rating(judge="a", status="scored", level=4, score=0.8), Rating(judge="b", status="failed", reason="gone"))
    [written] = write_tables([result(ratings=panel)], [RATINGS], tmp_path / "r.csv", "csv")
    rows = list(csv.DictReader(io.StringIO(written.path.read_text("utf-8-sig"))))
    assert [(row["member"], row["status"], row["level"]) for row in rows] == [("a", "scored", "4"), ("b", "failed", "")]


def test_columns_of_the_transcripts_come_behind():
    table = GRADES.with_columns(["team", "level"], lambda id_: ["=B", True] if id_ == "-1" else [None, None])
    assert list(table.columns)[-2:] == ["team", "transcript.level"]
    [row] = table.rows(result())
    assert row[-2:] == ["=B", "true"]
    file = io.StringIO()
    CsvRows(table, file).add(result())
    assert next(csv.DictReader(io.StringIO(file.getvalue(), newline="")))["team"] == "'=B"


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_what_fails_leaves_what_was_there(tmp_path: Path, kind: str):
    out = tmp_path / f"g.{kind}"
    out.write_text("before")

    def results():
        yield result()
        raise FinelineError("the disk is on fire")

    with pytest.raises(FinelineError, match="on fire"):
        write_tables(results(), [GRADES], out, kind)
    assert out.read_text() == "before"
    assert [each.name for each in tmp_path.iterdir()] == [out.name]


def test_where_nothing_can_be_written_it_is_said(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FinelineError, match=r"g\.csv could not be written"):
        write_tables([result()], [GRADES], tmp_path / "file" / "g.csv", "csv")
