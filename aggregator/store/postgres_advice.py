"""Shell. What operators can do about what PostgreSQL says. Nothing is asked here."""

from __future__ import annotations

MOST = 8
"""Connections of one process."""

# What a server says of a transaction that is worth another try: 40… met another one; 08…, 57P… is not there;
# the others ended a session that was silent, or took long.
OURSELVES = "?"
"""Stands for the code of what the driver would not even send."""
MET = ("40001", "40P01")
AWAY = ("08000", "08001", "08003", "08006", "57P01", "57P02", "57P03", "57P05", "25P03", "25P04")

REFUSED = "refuses this user or password; look at `store` and at the server's pg_hba.conf"
NO_DATABASE = "there is no such database; make it: createdb --encoding=UTF8 NAME"
NO_CONNECTION = (
    f"the server has no connection left; raise its max_connections, each process takes up to {MOST}"
)
NOT_THERE = "cannot be reached; is the server running, and are host and port in `store` right?"
# What the server says to who would connect has no code that reaches us.
TO_NEWCOMERS = (
    ("password authentication failed", REFUSED),
    ("no password supplied", REFUSED),
    ("no pg_hba.conf entry", REFUSED),
    ("authentication failed", REFUSED),
    ("role ", REFUSED),
    ("database ", NO_DATABASE),
    ("too many clients", NO_CONNECTION),
    ("remaining connection slots", NO_CONNECTION),
)


def advice(code: str, said: str) -> str:
    """What the operator can do about an error of the server (by its code), or of not reaching it."""
    words = " ".join(said.split())
    match code:
        case "28P01" | "28000":
            what = REFUSED
        case "3D000":
            what = NO_DATABASE
        case "42501":
            what = "this user may not do that; let it own the database: ALTER DATABASE NAME OWNER TO USER"
        case "53300":
            what = NO_CONNECTION
        case "53100" | "53200":
            what = "the server has no room left; make room, nothing that was stored is lost"
        case "55P03":
            what = "another process has been writing to it for long; try again"
        case "54000":
            what = "a URL in feeds.yaml is too long for it; SQLite takes it, or give the source a shorter one"
        case "25006":
            what = "the server only reads: a standby? name the primary in `store`"
        case _ if code in MET:
            what = "several processes were in each other's way"
        case _ if code and code not in AWAY:
            return words
        case _:
            fatal = words.partition("FATAL: ")[2].strip()
            known = (what for begins, what in TO_NEWCOMERS if fatal.startswith(begins))
            what = next(
                known, "cannot be reached; is the server running, and are host and port in `store` right?"
            )
    return f"{what} ({words})"
