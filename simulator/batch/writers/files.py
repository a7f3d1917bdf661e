"""Writing the tables of grades to files, all in one pass over the results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from simulator.batch.grades import Result
from simulator.batch.writers.csv import CsvFile
from simulator.batch.writers.parquet import ParquetFile
from simulator.batch.writers.tables import GRADES, RATINGS, Table
from simulator.domain.errors import FinelineError

Format = Literal["csv", "parquet"]


@dataclass(frozen=True)
class Written:
    """A file that was written, and how many rows it has."""

    path: Path
    rows: int


class _TableFile(Protocol):
    @property
    def path(self) -> Path: ...
    @property
    def rows(self) -> int: ...
    @property
    def add(self) -> Callable[[Result], None]: ...
    def finish(self) -> None: ...
    def discard(self) -> None: ...


def table_path(out: Path, table: Table) -> Path:
    """Return where one of several tables goes: the grades to ``out`` itself, the others beside it (``grades.findings.csv``)."""
    return out if table.name == GRADES.name else out.with_name(f"{out.stem}.{table.name}{out.suffix}")


def write_tables(
    results: Iterable[Result], tables: Sequence[Table], out: Path, kind: Format, *, plain: bool = False
) -> list[Written]:
    """Write tables of these grades; return the files. Ratings have a file only where there are any.

    Files are in their places when all of them are whole. Raises :class:`FinelineError` where they cannot be written.
    """
    files: list[_TableFile] = []
    try:
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            for table in tables:
                path = table_path(out, table) if len(tables) > 1 else out
                files.append(CsvFile(table, path, plain=plain) if kind == "csv" else ParquetFile(table, path))
            for result in results:
                for file in files:
                    file.add(result)
            wanted = [file for table, file in zip(tables, files, strict=True) if file.rows or table.name != RATINGS.name]
            for file in wanted:
                file.finish()
        finally:
            for file in files:
                file.discard()
    except OSError as error:
        raise FinelineError(f"{out} could not be written: {error.strerror or error}.") from None
    return [Written(file.path, file.rows) for file in wanted]
