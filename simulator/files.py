"""Writing files so that a crash, a full disk or a second program never leaves half of one."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from simulator.domain.errors import FinelineError, UsageError

if sys.platform == "win32":
    import msvcrt

    def lock_file(descriptor: int) -> bool:
        """Lock an open file for this program until it is closed; return whether it is ours, not another program's."""
        # What is locked cannot be read by others there, so it is a byte that no file has.
        at = os.lseek(descriptor, 0, os.SEEK_CUR)
        os.lseek(descriptor, 1 << 40, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        finally:
            os.lseek(descriptor, at, os.SEEK_SET)
        return True
else:
    import fcntl

    def lock_file(descriptor: int) -> bool:
        """Lock an open file for this program until it is closed; return whether it is ours, not another program's.

        The system drops the lock however the program ends. Raises :class:`OSError` where files cannot be locked.
        """
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def keep_what_is_read(out: Path | None, read: Iterable[str | Path]) -> None:
    """Raise :class:`UsageError` where ``out`` is a folder, or one of the files that are read, under whatever name."""
    if out is not None and out.is_dir():
        raise UsageError(f"{out} is a folder.", hint="Give --out the name of a file.")
    if out is None or not out.is_file():
        return
    for each in read:
        try:
            same = out.samefile(each)
        except OSError:
            continue
        if same:
            raise UsageError(f"{out} is what is read, and would be lost.", hint="Give --out the name of another file.")


def write_atomically(path: Path, text: str, *, replace: bool = True, mode: int = 0o644) -> None:
    """Write ``text`` as UTF-8 under a temporary name beside ``path``, then put it in place.

    With ``replace=False`` an existing file is an error. Raises :class:`FinelineError` in plain words where it cannot be
    written; what was there before is then still there.
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FinelineError(f"{path} could not be written: {error.strerror}: {error.filename}.") from None
    try:
        if path.exists() and not path.is_file():
            # A device or pipe, such as /dev/stdout, cannot be replaced; it is written through.
            path.write_text(text, encoding="utf-8")
            return
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        temporary = Path(name)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)
        if replace:
            temporary.replace(path)
        else:
            # A link, unlike a rename, fails where the name is taken: no moment between looking and writing.
            path.hardlink_to(temporary)
    except FileExistsError:
        raise FinelineError(f"{path} exists already and was left as it is.", hint="Choose another name.") from None
    except OSError as error:
        raise FinelineError(f"{path} could not be written: {error.strerror or error}.") from None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
