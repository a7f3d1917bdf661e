"""What was read from YAML, kept as JSON beside the platform's other caches: a second start parses nothing.

A file's record is used only while path, size, times and inode are those it was made from and Fineline is the same. A
record that is missing, damaged or in the way is as good as none; a folder that cannot be written is no fault.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache as once
from pathlib import Path
from typing import Any

import simulator

_FORMAT = 1
_FORGET_AFTER_S = 90 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells one state of a file from another."""

    path: str
    mtime_ns: int
    ctime_ns: int
    size: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> Stamp | None:
        """Return the stamp of a file, or ``None`` where there is none to read."""
        try:
            status = path.stat()
        except (OSError, ValueError):
            return None
        return cls(os.path.abspath(path), status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)  # noqa: PTH100


@dataclass(frozen=True, slots=True)
class Record:
    """A file that had no problems: a light ``head``, and its ``data`` still as JSON text."""

    head: Mapping[str, Any]
    body: str

    def data(self) -> Any:
        """Return the data of the file."""
        return json.loads(self.body)


class Cache:
    """Records in a folder, one file each; ``None`` keeps nothing."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder / "library" if folder is not None else None
        self._writable = folder is not None
        self._wrote = False

    def get(self, stamp: Stamp) -> Record | None:
        """Return the record of a file in this state, or ``None``."""
        if self.folder is None:
            return None
        try:
            head, _, body = self._place(stamp).read_text(encoding="utf-8").partition("\n")
            parsed = json.loads(head)
            if parsed["stamp"] != _stamp_of(stamp) or parsed["length"] != len(body):
                return None
            return Record(parsed["head"], body)
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None

    def put(self, stamp: Stamp, head: Mapping[str, Any], data: Any) -> None:
        """Keep the record of a file, if the folder can be written."""
        if self.folder is None or not self._writable:
            return
        temporary: Path | None = None
        try:
            body = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
            top = json.dumps({"stamp": _stamp_of(stamp), "length": len(body), "head": head}, ensure_ascii=False)
            self.folder.mkdir(parents=True, exist_ok=True)
            # No fsync: half a record after a power cut is recognised by its length.
            descriptor, name = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=self.folder)
            temporary = Path(name)
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
                file.write(f"{top}\n{body}")
            temporary.replace(self._place(stamp))
            temporary = None
            self._wrote = True
        except (OSError, ValueError):
            self._writable = False
        finally:
            if temporary is not None:
                with contextlib.suppress(OSError):
                    temporary.unlink()

    def tidy(self) -> None:
        """Forget records nobody has renewed for months; only after something was written, so that a start stays quick."""
        if self.folder is None or not self._wrote:
            return
        self._wrote = False
        before = time.time() - _FORGET_AFTER_S
        with contextlib.suppress(OSError), os.scandir(self.folder) as entries:
            for entry in entries:
                if entry.stat().st_mtime < before:
                    Path(entry.path).unlink(missing_ok=True)

    def _place(self, stamp: Stamp) -> Path:
        assert self.folder is not None  # noqa: S101 - both callers have looked
        name = hashlib.sha256(stamp.path.encode("utf-8", "surrogateescape")).hexdigest()[:32]
        return self.folder / f"{name}.json"


def _stamp_of(stamp: Stamp) -> list[str | int]:
    path = stamp.path.encode("utf-8", "backslashreplace").decode()
    return [_program(), path, stamp.mtime_ns, stamp.ctime_ns, stamp.size, stamp.inode]


@once
def _program() -> str:
    """Return what the rules of reading depend on: the version, and in a checkout the state of the modules that hold them."""
    here = Path(simulator.__file__).parent
    parts: list[Any] = [_FORMAT, simulator.__version__]
    for module in sorted([*here.glob("domain/*.py"), *here.glob("authoring/*.py")]):
        with contextlib.suppress(OSError):
            status = module.stat()
            parts.append((module.name, status.st_mtime_ns, status.st_size))
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
