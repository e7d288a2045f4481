"""What the README and the shipped files say is true."""

import json
import re
from pathlib import Path

import pytest

from aggregator import config
from aggregator.cli import main

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("name", sorted(main.commands))
def test_every_command_is_in_the_readme(name):
    """Nothing that the program does is left for people to guess."""
    assert f"`aggregator {name}`" in README


@pytest.mark.parametrize("option", re.findall(r"`(--[a-z]+)`", README))
def test_every_option_of_the_readme_exists(option):
    """No option is promised that is not there."""
    assert option in {o for c in main.commands.values() for p in c.params for o in p.opts}


def test_shipped_schema_is_what_the_program_prints():
    """Editors are told what this version accepts (`aggregator schema > feeds.schema.json`)."""
    assert json.loads((ROOT / "feeds.schema.json").read_text()) == config.json_schema()


def test_rooms_of_the_readme_exist():
    """The words of the flow are rooms."""
    flow = re.search(r"config → .* → serve", README).group()
    for room in flow.split(" → "):
        assert (ROOT / "aggregator" / room).exists() or (ROOT / "aggregator" / f"{room}.py").exists()
