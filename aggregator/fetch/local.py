"""Shell. Sources that are files of this machine: the same results as an exchange over the network.

Only the configuration can name a file (`file:`); no redirect leads here. Blocks, so it is called in a
thread.
"""

from __future__ import annotations

import os
import stat
from pathlib import PurePath

from aggregator.model import Fetched, FetchFailed, FetchResult, Hints, Lease, NotModified, Validators

_TYPES = {
    ".atom": "application/atom+xml",
    ".html": "text/html",
    ".htm": "text/html",
    ".json": "application/feed+json",
    ".rdf": "application/rdf+xml",
    ".rss": "application/rss+xml",
    ".xml": "application/xml",
}


def read(lease: Lease, max_size: int) -> FetchResult:
    """The file of a `file:` source, unless it is the one that was read last.

    Its ETag is made of inode, time of change (ns) and size, so that a replaced file counts as changed even
    where time and size are the same.
    """
    source = lease.source
    try:
        # Not blocking, so that a named pipe without a writer cannot hold us.
        descriptor = os.open(source.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            state = os.fstat(descriptor)
            if not stat.S_ISREG(state.st_mode):
                kind = "a directory" if stat.S_ISDIR(state.st_mode) else "no regular file"
                return FetchFailed("file", f"the path is {kind}")
            validators = Validators(etag=f'"{state.st_ino:x}-{state.st_mtime_ns:x}-{state.st_size:x}"')
            memory = lease.memory
            unchanged = memory.validators_from == source.url and memory.validators.etag == validators.etag
            if lease.conditional and unchanged:
                return NotModified(validators, Hints(), source.url)
            body = file.read(max_size + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "no usable path"
        return FetchFailed("file", f"cannot be read: {reason}")
    if len(body) > max_size:
        return FetchFailed("size", f"larger than {max_size:,} bytes (polling.max_size)")
    if not body:
        return FetchFailed("file", "the file is empty")
    content_type = _TYPES.get(PurePath(source.path).suffix.lower(), "")
    return Fetched(body, content_type, source.url, validators, Hints())
