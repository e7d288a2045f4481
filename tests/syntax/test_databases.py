"""URLs of PostgreSQL databases: what is connected to, and what people see."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.syntax.databases import address, is_postgres

WORDS = st.text(st.characters(codec="utf-8", exclude_characters="%@:/?\0"), min_size=1, max_size=9)
PASSWORDS = st.text(st.characters(codec="utf-8", exclude_characters="%\0"), min_size=1, max_size=9)


@pytest.mark.parametrize(
    ("url", "user", "password", "host", "port", "database"),
    [
        ("postgresql://h/db", "", "", "h", None, "db"),
        ("postgres://u@h:5433/db", "u", "", "h", 5433, "db"),
        ("postgresql://u:p@[::1]:5433/db", "u", "p", "::1", 5433, "db"),
        ("postgresql://u:p@[::1]/db", "u", "p", "::1", None, "db"),
        ("postgresql://u:p@ss:w/o?rd#@h/db", "u", "p@ss:w/o?rd#", "h", None, "db"),
        ("postgresql://u:%25%20@h/d%20b", "u", "% ", "h", None, "d b"),
        ("postgresql:///db", "", "", "", None, "db"),
    ],
)
def test_parts(url, user, password, host, port, database):
    """Everything is where it belongs, also a password that nobody has escaped."""
    found = address(url)
    assert is_postgres(url)
    assert (found.user, found.password, found.host, found.port, found.database) == (
        user,
        password,
        host,
        port,
        database,
    )


def test_parameters_are_handed_on():
    """`sslmode`, `host` and others are libpq's."""
    assert address("postgresql:///db?host=/run/pg&sslmode=require").parameters == {
        "host": "/run/pg",
        "sslmode": "require",
    }


@given(WORDS, PASSWORDS, WORDS)
def test_no_password_is_shown(user, password, database):
    """Nor what stands in parameters; the rest is."""
    found = address(f"postgresql://{user}:{password}@db.example:1/{database}?password=hidden")
    assert found.password == password
    shown = str(found)
    assert address(shown) == address(shown.replace("postgresql", "postgres"))
    assert (address(shown).user, address(shown).database, address(shown).password) == (user, database, "")
    assert "hidden" not in shown


@pytest.mark.parametrize(
    "url", ["postgresql://u:secret@h", "postgresql://u:secret@h:x/db", "postgresql://h/a/b"]
)
def test_what_is_wrong_is_said_without_the_url(url):
    """It may be in a log."""
    with pytest.raises(ValueError, match="write postgresql://user@host") as wrong:
        address(url)
    assert "secret" not in str(wrong.value)


def test_a_path_is_no_url_of_a_database():
    """Files are SQLite's."""
    assert not is_postgres("/var/lib/postgresql/x.db")
