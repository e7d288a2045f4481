"""Shell. Memory that threads share: without this a daemon grows for hours, though it holds nothing more.

glibc gives each thread a heap of its own, up to eight for each core, and what one has freed no other one
takes. Work goes to whichever thread is free, so that in the end each heap has been as large as the largest
piece of work. Threads that hold Python's lock most of the time do not get into each other's way in one.
Other C libraries have no such settings, and are left as they are.
"""

from __future__ import annotations

import ctypes
import os

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8  # malloc.h
_LARGE = 256 * 1024
"""Bytes of a piece that goes back to the system once it is free. glibc raises this by itself."""


def share() -> None:
    """From now on let threads start no heap of their own; an operator's `MALLOC_ARENA_MAX` stands."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None and "MALLOC_ARENA_MAX" not in os.environ:
        mallopt(_M_ARENA_MAX, 1)
        mallopt(_M_MMAP_THRESHOLD, _LARGE)


def give_back() -> None:
    """Let the system have what is free between pieces that are not. Blocks for some milliseconds."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
