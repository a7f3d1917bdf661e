"""Tables as CSV (RFC 4180, UTF-8) that a spreadsheet opens without running anything.

A spreadsheet takes a cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line's end for a formula, and a customer may
have said just that (OWASP, "CSV Injection"). Such words get an apostrophe in front, which spreadsheets read as "this is text".
Words that begin with apostrophes and then such a character get one more, so that taking one off always gives back what was
said. Numbers are left as they are.
"""

from __future__ import annotations

import csv
import json
import os
import re
from pathlib import Path
from typing import TextIO

from simulator.batch.grades import Result
from simulator.batch.writers.tables import Cell, Table

BOM = "\ufeff"
# The full-width forms count too: some spreadsheets fold them.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")


def guarded(text: str) -> str:
    """Return words as a spreadsheet shows them, whatever they begin with."""
    return f"'{text}" if _FORMULA.match(text) else text


class CsvRows:
    """Writes one table to an open text file, row by row. ``plain`` leaves the guard out: for programs, which run no formulas."""

    def __init__(self, table: Table, file: TextIO, *, plain: bool = False, bom: bool = False) -> None:
        self.table = table
        self.rows = 0
        self._plain = plain
        if bom:
            # Without it Excel takes UTF-8 for the code page of the country.
            file.write(BOM)
        self._writer = csv.writer(file, lineterminator="\r\n")
        self._writer.writerow([self._cell(each) for each in table.columns])

    def add(self, result: Result) -> None:
        """Write the rows of a grade."""
        for row in self.table.rows(result):
            self._writer.writerow([self._cell(each) for each in row])
            self.rows += 1

    def _cell(self, cell: Cell) -> str | int | float:
        if cell is None:
            return ""
        if isinstance(cell, bool):
            return "true" if cell else "false"
        if isinstance(cell, int | float):
            return cell
        text = cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False)
        return text if self._plain else guarded(text)


class CsvFile:
    """A table as a CSV file, in its place only when it is finished. UTF-8 with a byte-order mark unless ``plain``."""

    def __init__(self, table: Table, path: Path, *, plain: bool = False) -> None:
        self.path = path
        self._temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        self._file = self._temporary.open("w", encoding="utf-8", newline="")
        self._rows = CsvRows(table, self._file, plain=plain, bom=not plain)
        self.add = self._rows.add

    @property
    def rows(self) -> int:
        """How many rows there are, without the header."""
        return self._rows.rows

    def finish(self) -> None:
        """Put the file in its place."""
        self._file.close()
        self._temporary.replace(self.path)

    def discard(self) -> None:
        """Throw away what is not finished."""
        self._file.close()
        self._temporary.unlink(missing_ok=True)
