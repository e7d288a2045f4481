"""The house keeps its shape: every room says what it is, none of them grows past reading."""

import ast
from pathlib import Path

import pytest

# The package itself, which says what the product is, comes first.
ROOMS = sorted(Path(__file__).parent.parent.joinpath("aggregator").rglob("*.py"))
NAMED_AFTER_TECHNIQUE = {"utils", "helpers", "manager", "common", "misc", "base"}


@pytest.mark.parametrize("room", [r for r in ROOMS[1:] if "versions" not in r.parts], ids=str)
def test_room_says_what_it_is(room: Path) -> None:
    """A module's docstring begins with whether it decides (Pure.) or acts (Shell.)."""
    docstring = ast.get_docstring(ast.parse(room.read_text()))
    assert docstring is not None
    assert docstring.startswith(("Pure.", "Shell."))


@pytest.mark.parametrize("room", ROOMS, ids=str)
def test_room_is_readable_in_one_sitting(room: Path) -> None:
    """No module has more than 400 lines, and none is named after a technique."""
    assert room.stem not in NAMED_AFTER_TECHNIQUE
    assert len(room.read_text().splitlines()) <= 400
