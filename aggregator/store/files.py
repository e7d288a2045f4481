"""Shell. How a file of ours is replaced whole, whatever it is: temporary, flushed to the disk, renamed.

A reader never sees half a file, and a crash leaves at most a temporary file, whose name starts with a dot.
Which files are ours is not known here.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path

TEMPORARY = ".new"
FORGOTTEN = timedelta(hours=1)  # after which a temporary file has no writer any more


def replace_files(contents: Sequence[tuple[Path, bytes]], modified: datetime | None = None) -> None:
    """Write all of them beside their places, then rename them in this order; dated `modified`, if given.

    Raises `OSError`, and leaves no temporary file. The renames last only after `sync_directory`.
    """
    made: list[tuple[Path, Path]] = []
    try:
        for target, content in contents:
            temporary = target.with_name(f".{target.name}.{os.getpid()}-{threading.get_ident()}{TEMPORARY}")
            made.append((temporary, target))
            with open(temporary, "wb") as opened:
                opened.write(content)
                opened.flush()
                if modified is not None:
                    os.utime(opened.fileno(), (modified.timestamp(), modified.timestamp()))
                os.fsync(opened.fileno())
        for temporary, target in made:
            os.replace(temporary, target)
    finally:
        for temporary, _ in made:
            temporary.unlink(missing_ok=True)


def sync_directory(place: Path) -> None:
    """Flush the renames in a directory to the disk."""
    directory = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def sweep(root: Path, now: datetime) -> int:
    """Remove temporary files that a killed process left in a tree; how many there were."""
    removed = 0
    for directory, _, names in os.walk(root):
        for name in names:
            if not (name.startswith(".") and name.endswith(TEMPORARY)):
                continue
            file = Path(directory, name)
            try:
                if now - modified_at(file.lstat()) > FORGOTTEN:
                    file.unlink()
                    removed += 1
            except OSError:
                continue  # its writer is not dead after all, or it is not for us to remove
    return removed


def modified_at(seen: os.stat_result) -> datetime:
    """When a file was last modified, in whole seconds."""
    return datetime.fromtimestamp(int(seen.st_mtime), UTC)


def digest(body: bytes) -> str:
    """What tells the bytes of two files apart."""
    return blake2b(body, digest_size=16).hexdigest()


def advice(error: OSError) -> str:
    """What the operator can do about a file that could not be written."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT | errno.EFBIG:
            return "the disk is full; make room, it is tried again (the old document is still there)"
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return f"cannot be written ({error.strerror}); make the directory writable for this user"
        case errno.ENOTDIR | errno.EISDIR | errno.EEXIST:
            return f"something else is in the way ({error.strerror}); move it away"
        case _:
            return str(error.strerror or error)
