"""Shell. Runs `pipeline.read` where a deadline and a memory limit can end it.

`pool` holds the processes, `lanes` decides who goes first and who apart, `turns` is where they wait, and
`reader` makes one thing of it. Nothing of a document is judged here.
"""

from aggregator.workers.reader import WorkerReader

__all__ = ["WorkerReader"]
