"""What the workers of the tests run instead of `pipeline.read`: importable by name, each with one vice."""

import mmap
import os
import signal
import sys
import time
from pathlib import Path

from aggregator.model import Reading, SourceInfo


class Unpicklable(Exception):
    """Cannot be made again from its arguments."""

    def __init__(self, message, line):
        super().__init__(message)
        self.line = line


def read(lease, fetched, now, identity):
    """The title is what was asked for; the body says what to do first."""
    word, _, rest = fetched.body.decode().partition(" ")
    if word == "mark":
        Path(rest).write_text(str(os.getpid()))
        word = "loop"
    match word:
        case "loop":
            while True:
                pass
        case "sleep":
            time.sleep(float(rest))
        case "allocate":
            hoard = [bytearray(1 << 20) for _ in range(1 << 14)]
            return len(hoard)
        case "reserve":
            mmap.mmap(-1, 1 << 30, prot=mmap.PROT_READ).close()
        case "raise":
            said = "line one\nline two " + "x" * 1000
            raise ValueError(said)
        case "raise-odd":
            raise Unpicklable("odd", 7)
        case "leave":
            sys.exit(3)
        case "die":
            os._exit(9)
        case "segv":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "give-odd":
            return lambda: None
        case "nice":
            return Reading(SourceInfo(id="nice", title=str(os.nice(0))), ())
        case "term":
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGINT)
    return Reading(SourceInfo(id=identity.uuid, title=lease.source.url), ())
