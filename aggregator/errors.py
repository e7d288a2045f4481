"""Pure. What may go wrong on our side, each with what the operator can do about it.

Trouble at the far end of a connection is never here: it is a value (`FetchFailed`, `Unreadable` in
`model`).

* AggregatorError
  + ConfigError            feeds.yaml says something that we cannot honour (exit status 2)
  + StoreError             the database cannot do what was asked
    - StoreLocked          another process runs the loops on this store
    - StoreTooNew          the store was written by a newer version
    - StoreMissing         there is no store yet
  + PublishError           a document could not be put in place
  + ListenError            an address cannot be listened on
"""

from __future__ import annotations

from collections.abc import Sequence


class AggregatorError(Exception):
    """Base of everything that we raise on purpose; its text is one line of advice for the operator."""


class ConfigError(AggregatorError):
    """Carries every problem of the file, not only the first; each reads `FILE:LINE:COLUMN: text`."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class StoreError(AggregatorError):
    """The store could not do what was asked; the cause is chained."""


class StoreLocked(StoreError):
    """Another process runs the loops on this store."""


class StoreTooNew(StoreError):
    """The store was written by a newer version of the aggregator."""


class StoreMissing(StoreError):
    """There is no store yet: nothing was polled."""


class PublishError(AggregatorError):
    """A document could not be put in place: a full disk, a read-only directory, a file that is not ours."""


class ListenError(AggregatorError):
    """An address is taken, not ours to use, or unknown to this machine."""
