"""Tables as Parquet, compressed with zstd, through DuckDB (the extra ``parquet``).

Rows go to a packed temporary file first, one JSON array a line, which DuckDB then streams into Parquet: memory stays the same
however many there are, and types are ours rather than guessed from the first rows.
"""

from __future__ import annotations

import gzip
import json
import os
import tempfile
from importlib.util import find_spec
from pathlib import Path

from simulator.batch.grades import Result
from simulator.batch.writers.tables import Table
from simulator.domain.errors import FinelineError, UsageError

_MEMORY = "160MB"
_ROWS_A_GROUP = 20_000
_LEAST_BUFFER_BYTES = 1_000_000


def need_duckdb() -> None:
    """Raise :class:`UsageError` where DuckDB is not installed."""
    if find_spec("duckdb") is None:
        raise UsageError(
            "Parquet is written with DuckDB, which is not installed.",
            hint="Install the extra: pip install 'fineline[parquet]'. CSV needs nothing further.",
        )


class ParquetFile:
    """A table as a Parquet file, in its place only when it is finished."""

    def __init__(self, table: Table, path: Path) -> None:
        need_duckdb()
        self.path = path
        self.rows = 0
        self._table = table
        self._longest = 0
        self._names = list(table.columns)
        self._folder = tempfile.TemporaryDirectory(prefix="fineline-")
        self._packed = Path(self._folder.name) / "rows.jsonl.gz"
        self._file = gzip.open(self._packed, "wt", encoding="utf-8", compresslevel=1)  # noqa: SIM115 - closed by finish or discard

    def add(self, result: Result) -> None:
        """Take the rows of a grade."""
        for row in self._table.rows(result):
            record = dict(zip(self._names, row, strict=True))
            line = json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n"
            self._file.write(line)
            # DuckDB's buffers are as large as the longest row may be: in UTF-8 up to four times its characters.
            self._longest = max(self._longest, len(line))
            self.rows += 1

    def finish(self) -> None:
        """Write the file. Raises :class:`FinelineError` where DuckDB cannot."""
        import duckdb

        self._file.close()
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}.tmp")
        settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": _MEMORY, "threads": 1, "temp_directory": self._folder.name,
            # Everything needed is in the wheel: nothing is fetched.
            "autoinstall_known_extensions": False, "autoload_known_extensions": False,
        }  # fmt: skip
        columns = ", ".join(f"{_quoted(name)}: {_quoted(kind)}" for name, kind in self._table.columns.items())
        rows = (
            f"read_json({_quoted(str(self._packed))}, format = 'newline_delimited', columns = {{{columns}}}, "
            f"compression = 'gzip', maximum_object_size = {max(_LEAST_BUFFER_BYTES, 4 * self._longest)})"
        )
        how = f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {_ROWS_A_GROUP})"
        try:
            with duckdb.connect(":memory:", config=settings) as connection:
                connection.execute(f"COPY (SELECT * FROM {rows}) TO {_quoted(str(temporary))} {how}")  # noqa: S608 - all is quoted
            temporary.replace(self.path)
        except duckdb.Error as error:
            raise FinelineError(f"{self.path} could not be written: {str(error).splitlines()[0]}") from None
        finally:
            temporary.unlink(missing_ok=True)

    def discard(self) -> None:
        """Throw away what was collected."""
        self._file.close()
        self._folder.cleanup()


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
