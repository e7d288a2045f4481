"""Shell. The operator's own listener: what is broken and why, metrics, health. No part of the public one.

`admin_app` is the application, `Desk` what it looks at, `refusal` says why an address may not be listened on.
It shows and changes nothing: every path is for `GET`. English, as logs and commands are.
"""

from __future__ import annotations

from aggregator.serve.admin.app import admin_app
from aggregator.serve.admin.desk import Desk, Standing
from aggregator.serve.admin.gate import refusal

__all__ = ["Desk", "Standing", "admin_app", "refusal"]
