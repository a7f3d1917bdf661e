"""The store keeps what was said through crashes, and never harms a file it cannot read."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.domain.errors import UsageError
from simulator.domain.grade import Evidence, Finding, Grade, SelfRating
from simulator.domain.transcript import SurveyAnswers, Transcript, Turn
from simulator.store.store import FILE_NAME, Store, StoreError


@pytest.fixture
def store(tmp_path: Path):
    store = Store.open(tmp_path / "data")
    yield store
    store.close()


def header(**changes) -> Transcript:
    return Transcript(**{"id": "t1", "persona": "dana", "scenario": "hose", "identity": "Dan", "seed": 7} | changes)


def hello(text: str = "Hello") -> Turn:
    return Turn(role="customer", text=text, move="greet", voice="built-in", state={"trust": 5.0})


def test_what_was_said_comes_back_whole(store: Store):
    recorder = store.begin(header())
    recorder.save_turn(1, hello())
    recorder.save_turn(2, Turn(role="trainee", text="Good morning!", extra_key={"kept": True}))
    transcript = store.transcript(recorder.session_id)
    assert [turn.text for turn in transcript.turns] == ["Hello", "Good morning!"]
    assert transcript.turns[0] == hello()
    assert transcript.turns[1].extra_key == {"kept": True}
    assert (transcript.persona, transcript.identity, transcript.seed) == ("dana", "Dan", 7)


def test_a_turn_is_written_again_in_its_place(store: Store):
    recorder = store.begin(header())
    recorder.save_turn(1, hello("Hel").model_copy(update={"partial": True}))
    recorder.save_turn(1, hello("Hello there."))
    assert store.transcript(recorder.session_id).turns == [hello("Hello there.")]


def test_a_said_turn_empties_the_draft(store: Store):
    recorder = store.begin(header())
    recorder.save_turn(1, hello())
    recorder.save_draft("Good mor")
    assert store.unfinished()[0].draft == "Good mor"
    recorder.save_turn(2, Turn(role="trainee", text="Good morning"))
    assert store.unfinished()[0].draft == ""


def test_finished_sessions_are_not_offered_again_but_stay_in_the_history(store: Store):
    recorder = store.begin(header(turns=[hello()]))
    assert [each.id for each in store.unfinished()] == [recorder.session_id]
    survey = SurveyAnswers(warmth=7, comfort=9, would_return=True, comment="Kind.")
    recorder.finish(header(ending="leaves_happy", survey=survey))
    recorder.save_phase("done")
    assert store.unfinished() == []
    [summary] = store.sessions("dana")
    assert (summary.ending, summary.phase, summary.turns) == ("leaves_happy", "done", 1)
    assert store.transcript(recorder.session_id).survey == survey
    assert store.sessions("somebody-else") == []


def test_an_empty_session_is_not_offered(store: Store):
    store.begin(header())
    assert store.unfinished() == []


def test_grades_replace_those_of_the_same_judge_and_rubric(store: Store):
    recorder = store.begin(header(turns=[hello()]))
    found = Finding(criterion="c", verdict="met", evidence=(Evidence(turn=2, quote="x"),), counted=True)
    first = Grade(transcript="t1", rubric="warmth", judge="built-in", status="scored", level=2, score=0.4, findings=(found,))
    again = first.model_copy(update={"level": 4, "score": 0.8})
    failed = Grade(transcript="t1", rubric="service", judge="built-in", status="failed", reason="no answer")
    store.save_grades(recorder.session_id, [first, failed])
    store.save_grades(recorder.session_id, [again])
    assert sorted(store.grades(recorder.session_id), key=lambda grade: grade.rubric) == [failed, again]
    assert store.sessions()[0].levels == {"warmth": 4}


def test_the_trainees_own_rating_is_kept(store: Store):
    recorder = store.begin(header(turns=[hello()]))
    assert store.self_rating(recorder.session_id) is None
    rating = SelfRating(levels={"warmth": 3}, note="I froze.")
    store.save_self_rating(recorder.session_id, rating)
    assert store.self_rating(recorder.session_id) == rating


def test_discarding_takes_everything_with_it(store: Store):
    recorder = store.begin(header(turns=[hello()]))
    store.save_self_rating(recorder.session_id, SelfRating(levels={"warmth": 3}))
    store.discard(recorder.session_id)
    with pytest.raises(UsageError, match="no saved session"):
        store.transcript(recorder.session_id)
    with closing(sqlite3.connect(store.path)) as database:
        counts = [database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("turns", "self_ratings")]
    assert counts == [0, 0]


def test_turns_behind_a_cut_are_forgotten(store: Store):
    recorder = store.begin(header(turns=[hello("a"), hello("b"), hello("c")]))
    recorder.cut(1)
    assert [turn.text for turn in store.transcript(recorder.session_id).turns] == ["a"]


def test_a_session_open_in_another_window_is_not_offered_until_that_closes(tmp_path: Path):
    here, there = Store.open(tmp_path), Store.open(tmp_path)
    recorder = there.begin(header(turns=[hello()]))
    assert here.unfinished() == []
    with pytest.raises(UsageError, match="another window"):
        here.resume(recorder.session_id)
    assert [each.id for each in here.sessions()] == [recorder.session_id]
    there.close()
    assert [each.id for each in here.unfinished()] == [recorder.session_id]
    here.resume(recorder.session_id).save_turn(2, Turn(role="trainee", text="Still here."))
    here.close()


def test_killed_at_any_moment_nothing_that_was_saved_is_lost(tmp_path: Path):
    script = """
import sys
from pathlib import Path
from simulator.domain.transcript import Transcript, Turn
from simulator.store.store import Store
recorder = Store.open(Path(sys.argv[1])).begin(Transcript(id="t1", persona="dana"))
for number in range(1, 100_000):
    recorder.save_turn(number, Turn(role="customer", text=f"turn {number}"))
    print(number, flush=True)
"""
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        shown = 0
        for line in process.stdout:
            shown = int(line)
            if shown >= 25:
                process.send_signal(signal.SIGKILL)
                break
        shown += sum(1 for _ in process.stdout)
    store = Store.open(tmp_path)
    [left] = store.unfinished()
    assert left.turns >= shown >= 25
    assert [turn.text for turn in store.transcript(left.id).turns] == [f"turn {n}" for n in range(1, left.turns + 1)]
    store.close()


def test_only_the_owner_may_read(tmp_path: Path):
    folder = tmp_path / "new" / "data"
    store = Store.open(folder)
    store.begin(header(turns=[hello()]))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {path.name: stat.S_IMODE(path.stat().st_mode) & 0o077 for path in folder.iterdir()} == {
        path.name: 0 for path in folder.iterdir()
    }
    store.close()


def test_a_newer_database_is_named_and_left_as_it_is(tmp_path: Path):
    Store.open(tmp_path).close()
    path = tmp_path / FILE_NAME
    with closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="newer Fineline") as caught:
        Store.open(tmp_path)
    assert caught.value.kind == "newer"
    assert str(path) in str(caught.value)
    assert path.read_bytes() == before


@pytest.mark.parametrize("harm", ["garbage", "torn"])
def test_a_damaged_database_is_named_and_left_as_it_is(tmp_path: Path, harm: str):
    path = tmp_path / FILE_NAME
    if harm == "garbage":
        path.write_bytes(b"this is not a database, it only plays one" * 100)
    else:
        store = Store.open(tmp_path)
        store.begin(header(turns=[hello("x" * 500) for _ in range(200)]))
        store.close()
        whole = path.read_bytes()
        path.write_bytes(whole[:4096] + b"\xff" * 8192 + whole[12288:])
    before = path.read_bytes()
    with pytest.raises(StoreError) as caught:
        Store.open(tmp_path)
    assert caught.value.kind == "damaged"
    assert path.read_bytes() == before


def test_a_database_of_something_else_is_left_alone(tmp_path: Path):
    path = tmp_path / FILE_NAME
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE recipes (name TEXT)")
        database.commit()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="not one of Fineline's"):
        Store.open(tmp_path)
    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError) as caught:
        Store.open(tmp_path / "file" / "data")
    assert caught.value.kind == "unwritable"
    assert "FINELINE_DATA" in caught.value.hint


def test_a_full_disk_is_said_and_what_was_there_stays(tmp_path: Path):
    store = Store.open(tmp_path)
    recorder = store.begin(header(turns=[hello()]))
    with store._engine.connect() as connection:
        # The cap stands in for the disk: SQLite answers the same SQLITE_FULL.
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    for connection in [store._engine.pool.connect()]:
        connection.driver_connection.execute(f"PRAGMA max_page_count = {pages + 1}")
        connection.close()
    with pytest.raises(StoreError) as caught:
        recorder.save_turn(2, Turn(role="trainee", text="secret words " * 5000))
    assert caught.value.kind == "full"
    assert "secret" not in str(caught.value)
    assert [turn.text for turn in store.transcript(recorder.session_id).turns] == ["Hello"]
    store.close()


def test_a_migration_that_fails_leaves_the_old_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from simulator.store import migrate

    store = Store.open(tmp_path)
    session_id = store.begin(header(turns=[hello()])).session_id
    store.close()
    scripts = tmp_path / "migrations"
    shutil.copytree(migrate.MIGRATIONS, scripts)
    (scripts / "versions" / "0002_broken.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\nrevision = '0002'\ndown_revision = '0001'\n"
        "def upgrade():\n    op.add_column('sessions', sa.Column('half', sa.Text))\n    op.execute('SELECT nonsense')\n"
    )
    monkeypatch.setattr(migrate, "MIGRATIONS", scripts)
    monkeypatch.setattr(migrate, "REVISION", "0002")
    with pytest.raises(StoreError):
        Store.open(tmp_path)
    assert (tmp_path / f"{FILE_NAME}.before-0002").exists()
    monkeypatch.undo()
    again = Store.open(tmp_path)
    assert again.transcript(session_id).turns == [hello()]
    with closing(sqlite3.connect(again.path)) as database:
        assert "half" not in {row[1] for row in database.execute("PRAGMA table_info(sessions)")}
    again.close()


def test_migrations_make_the_tables_that_the_code_uses(tmp_path: Path):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from simulator.store.schema import REVISION, Base

    store = Store.open(tmp_path)
    with store._engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Base.metadata) == []
        assert context.get_current_revision() == REVISION
    store.close()


def test_opening_an_up_to_date_store_does_not_load_alembic(tmp_path: Path):
    Store.open(tmp_path).close()
    script = (
        "import sys; from pathlib import Path; from simulator.store.store import Store;"
        "Store.open(Path(sys.argv[1])).close(); print('alembic' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True, env={**os.environ}
    )
    assert done.stdout.strip() == "False"


@settings(max_examples=40, deadline=None)
@given(
    texts=st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=6),
    draft=st.text(st.characters(exclude_categories=["Cs"])),
)
def test_any_words_come_back_as_they_were(tmp_path_factory: pytest.TempPathFactory, texts: list[str], draft: str):
    store = Store.open(tmp_path_factory.mktemp("data"))
    recorder = store.begin(header(turns=[hello(text) for text in texts]))
    recorder.save_draft(draft)
    assert [turn.text for turn in store.transcript(recorder.session_id).turns] == texts
    assert store.summary(recorder.session_id).draft == draft
    store.close()
