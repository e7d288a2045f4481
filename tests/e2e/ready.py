"""Starts the program as processes of their own that have their imports behind them, as many tests start it.

Run as a module it is a server: it has imported what the commands import, and forks for each one that is
asked for. What a process does from there, to its last exit handler, is what `python -m aggregator` does.
What a command imports when started from nothing is `test_starting`'s.
"""

import atexit
import json
import os
import runpy
import signal
import socket
import subprocess
import sys

_SOCKET = 3
_LARGEST = 1 << 17


class Process:
    """A process of the program: the part of `subprocess.Popen` that is needed."""

    def __init__(self, arguments, *, cwd, env, stdout, stderr):
        self._said, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        order = json.dumps({"arguments": arguments, "cwd": str(cwd), "env": env}).encode()
        with there:
            socket.send_fds(_server(), [order], [stdout.fileno(), stderr.fileno(), there.fileno()])
        self.pid = int(self._said.recv(_LARGEST))
        self.returncode = None

    def poll(self):
        """Its exit status, as `subprocess` has it; None while it runs."""
        return self._ended(0.0)

    def wait(self, timeout):
        """Its exit status, once it has ended."""
        if self._ended(timeout) is None:
            raise subprocess.TimeoutExpired("aggregator", timeout)
        return self.returncode

    def send_signal(self, number):
        """Send a signal, if it runs; its number is not given to another process before we know of its end."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)

    def _ended(self, seconds):
        if self.returncode is None:
            self._said.settimeout(seconds)
            try:
                self.returncode = int(self._said.recv(_LARGEST))
            except (BlockingIOError, TimeoutError):
                return None
            self._said.close()
        return self.returncode


def _server():
    """The socket of this process's server, which is started when it is first asked for."""
    global _asking
    if _asking is None:
        _asking, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        from tests.e2e.program import ENVIRONMENT, ROOT

        with there:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.e2e.ready", str(there.fileno())],
                cwd=ROOT,
                env=ENVIRONMENT,
                pass_fds=[there.fileno()],
                stdin=subprocess.DEVNULL,
            )
        atexit.register(process.wait)
        atexit.register(_asking.close)  # which ends it; last in, first out
    return _asking


_asking = None


def _serve(asked):
    """Fork for each order; returns in the processes that are to be the program."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that watch
    while True:
        order, given, _, _ = socket.recv_fds(asked, _LARGEST, 3)
        if not order:
            os._exit(0)
        if os.fork() == 0:
            asked.close()
            _watch(json.loads(order), *given)
            return
        for one in given:
            os.close(one)


def _watch(order, stdout, stderr, telling):
    """Fork once more, and tell how that ends; returns in the one that is watched."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    child = os.fork()
    if child:
        os.write(telling, b"%d" % child)
        os.write(telling, b"%d" % os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        os._exit(0)
    for one, place in ((stdout, 1), (stderr, 2)):
        os.dup2(one, place)
        os.close(one)
    os.close(telling)
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    sys.argv = ["aggregator", *order["arguments"]]


if __name__ == "__main__":
    import aggregator.cli
    import aggregator.daemon.adopting
    import aggregator.daemon.commands
    import aggregator.daemon.keeping
    import aggregator.daemon.live
    import aggregator.daemon.looking
    import aggregator.daemon.moving
    import aggregator.daemon.once
    import aggregator.daemon.publishing
    import aggregator.daemon.takedown
    import aggregator.report.explained
    import aggregator.report.found
    import aggregator.report.keeping
    import aggregator.report.moved
    import aggregator.report.polls
    import aggregator.report.previewed
    import aggregator.report.sources
    import aggregator.report.takedown  # noqa: F401 - so that no process that is forked has to

    _serve(socket.socket(fileno=int(sys.argv[1])))
    runpy.run_module("aggregator", run_name="__main__", alter_sys=True)
