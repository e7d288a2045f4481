"""Shell. One process at a time runs the loops on a store: an exclusive lock on a file beside it.

The kernel drops the lock when the process dies, however it dies, so nothing is ever left over to clean
up. The file stays (removing it would race with the next process) and names its holder.
"""

from __future__ import annotations

import fcntl
import os
import time
from types import TracebackType
from typing import Self

from aggregator.errors import StoreError, StoreLocked

# `loops_held` takes a shared lock for an instant; a daemon that starts just then tries again.
ATTEMPTS = 5
PAUSE = 0.05  # seconds


class LoopsLock:
    """The right to run the loops on the store at `url`, held from construction to `close()`."""

    def __init__(self, url: str) -> None:
        """Raises `StoreLocked` where another process has it, `StoreError` where no file can be made."""
        path = f"{url}.lock"
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StoreError(
                f"{path}: cannot be written ({error.strerror}); make the directory writable for this user, "
                "or set `store` in the configuration to a path that is"
            ) from error
        for attempt in range(ATTEMPTS):
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if attempt + 1 < ATTEMPTS:
                    time.sleep(PAUSE)
                    continue
                holder = _holder(self._file)
                os.close(self._file)
                raise StoreLocked(
                    f"{url}: process {holder} runs the loops on this store; stop it first, or leave the "
                    "work to it: it polls and publishes by itself"
                ) from error
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def close(self) -> None:
        """Give the right back; closing twice does nothing."""
        if self._file >= 0:
            os.ftruncate(self._file, 0)
            os.close(self._file)  # drops the lock
            self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def loops_held(url: str) -> int | None:
    """The process that runs the loops on the store at `url`, or None; 0 where it has not said its id yet."""
    try:
        file = os.open(f"{url}.lock", os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as trouble:
        raise StoreError(
            f"{url}.lock: cannot be read ({trouble.strerror}); run as the user who owns the store"
        ) from trouble
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _holder(file)
    else:
        return None
    finally:
        os.close(file)


def _holder(file: int) -> int:
    text = os.pread(file, 32, 0).strip()
    return int(text) if text.isdigit() else 0
