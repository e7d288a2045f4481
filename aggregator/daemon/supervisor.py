"""Shell. What systemd is told of the daemon, where it asks for that (sd_notify(3)), in datagrams of lines.

Being ready, reading the file again and stopping are for `systemctl`; being alive is for its watchdog.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Mapping

log = logging.getLogger(__name__)

_PATIENCE = 1.0
"""Seconds that a supervisor which reads nothing may keep us."""


class Supervisor:
    """Whoever has started us and wants to be told; nobody, where the environment names none."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        place = environment.get("NOTIFY_SOCKET", "")
        self._address = f"\0{place[1:]}" if place.startswith("@") else place  # @: an abstract one, of Linux
        whom = environment.get("WATCHDOG_PID") or str(os.getpid())  # not those that we have started
        self._watched = bool(environment.get("WATCHDOG_USEC")) and whom == str(os.getpid())
        self._unheard = False

    def ready(self, status: str) -> None:
        """The daemon works, after its start or a reload; `status` is shown by `systemctl status`."""
        self._tell("READY=1", f"STATUS={' '.join(status.split())}")

    def reloading(self) -> None:
        """The file is read again; `ready` ends that."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """What is under way is finished."""
        self._tell("STOPPING=1", "STATUS=finishing what is under way")

    def alive(self) -> None:
        """The daemon answers to what happens; not said for a while, it is started again."""
        if self._watched:
            self._tell("WATCHDOG=1")

    def _tell(self, *lines: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as speaking:
                speaking.settimeout(_PATIENCE)
                speaking.connect(self._address)
                speaking.sendall("\n".join(lines).encode())
        except OSError as trouble:
            if not self._unheard:
                log.warning("cannot tell systemd how we are (NOTIFY_SOCKET): %s", trouble)
            self._unheard = True
        else:
            self._unheard = False
