"""Shell. Bringing the schema of a store up to date, step by step, in the caller's transaction.

A step that fails leaves the store as it was. Imported only where there is something to do: Alembic is slow
to import.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config


def upgrade(connection: sa.Connection, revision: str) -> None:
    """Run every migration up to `revision` on `connection`; the caller commits."""
    config = Config()
    # Alembic's options are ConfigParser's, in which a percent sign starts an interpolation.
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
