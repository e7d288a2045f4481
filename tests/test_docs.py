"""What the pages of the documentation say is true: their YAML, commands, keys, files and links."""

import re
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from aggregator import __version__, config
from aggregator.cli import main

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted(ROOT.glob("docs/*.md"))]
TEXTS = {str(page.relative_to(ROOT)): page.read_text(encoding="utf-8") for page in PAGES}
BEFORE_REFERENCE, REFERENCE = TEXTS["docs/configuration.md"].split(
    "<!-- From here on: aggregator schema --reference -->\n"
)
SCHEMA = config.json_schema()


def found(pattern, flags=re.DOTALL):
    """What matches in each page, with the page."""
    return [(page, match) for page, text in TEXTS.items() for match in re.findall(pattern, text, flags)]


def commands():
    """Every line that starts our program: from blocks of shell, from code in sentences, from `--help`."""
    lines = [(page, line) for page, block in found(r"```sh\n(.*?)```") for line in block.splitlines()]
    lines += found(r"`(aggregator [^`]*)`")
    helps = [(name, text) for name, c in main.commands.items() for text in (c.help, c.epilog or "")]
    for name, text in [("--help", main.epilog), *helps]:
        lines += [(name, line.strip()) for line in text.splitlines() if line.startswith("  ")]
    return sorted({(page, line) for page, line in lines if re.match(r"aggregator\b", line)})


def keys(shape, prefix=""):
    """Every key that a part of the file may have, with dots: `output.jekyll.layout`."""
    for one in shape.get("anyOf", [shape]):
        part = SCHEMA["$defs"][one["$ref"].rpartition("/")[2]] if "$ref" in one else one
        for name, below in part.get("properties", {}).items():
            yield prefix + name
            yield from keys(below, f"{prefix}{name}.")


@pytest.mark.parametrize(("page", "example"), found(r"```yaml\n(.*?)```"))
def test_yaml_examples_load(page, example):
    """Every YAML block is a configuration without warnings, what it takes from the environment included."""
    environment = dict.fromkeys(re.findall(r"\$\{(\w+)\}", example), "secret")
    given = config.load(example, name=page, directory="/srv", environment=environment)
    assert given.sources
    assert given.warnings == ()


@pytest.mark.parametrize("example", [example for _, example in found(r"```yaml\n(.*?)```")])
def test_patterns_stand_in_single_quotes(example):
    """What is copied from here holds when a backslash is added to it."""
    assert not re.search(r'"[^"\n]*[\\{(|][^"\n]*"', example)


@pytest.mark.parametrize(("page", "line"), commands())
def test_commands_and_options_exist(page, line):
    """Each can be typed as it stands there; what is named for short (`aggregator`) is no command."""
    words = shlex.split(re.split(" [#>]", line)[0])[1:]
    at = words.index("-c") if "-c" in words[:1] else None
    words = words[2:] if at == 0 else words
    if not words:
        return
    command = main.commands[words[0]]
    with command.make_context(words[0], [], resilient_parsing=True) as context:
        options = {option for given in command.get_params(context) for option in given.opts}
        takes = [given for given in command.params if isinstance(given, click.Argument)]
    assert {word for word in words[1:] if word.startswith("-")} <= options
    assert len(words) == 1 or takes or words[1].startswith("-"), f"{words[0]} takes no argument"


@pytest.mark.parametrize(
    ("page", "key"), found(r"`((?:site|polling|output|server|defaults)\.[a-z_.]+)`", re.MULTILINE)
)
def test_keys_exist(page, key):
    """A key that is named with its part is one of the file."""
    assert key in set(keys(SCHEMA))


@pytest.mark.parametrize(("page", "link"), found(r"\]\(([^)#:]+)(?:#[^)]*)?\)") + found(r'src="([^"]+)"'))
def test_links_lead_somewhere(page, link):
    """Files that a page points to exist."""
    assert (ROOT / page).parent.joinpath(link).exists()


@pytest.mark.parametrize(("page", "path"), found(r"`((?:tools|benchmarks|tests|deploy)/[\w./-]+)[ `]"))
def test_files_exist(page, path):
    """Files that a page names exist."""
    assert (ROOT / path).exists()


@pytest.mark.parametrize(("page", "target"), found(r"(?:^|`)make (?:-C \S+ |PYTHON=\S+ )*([\w./]+)", re.M))
def test_words_for_make_exist(page, target):
    """What the Makefile is asked for, it knows."""
    rules = (ROOT / "Makefile").read_text(encoding="utf-8").replace("$(READY)", ".venv/.ready")
    assert re.search(rf"^{re.escape(target)}:", rules, re.MULTILINE)


def test_the_reference_is_what_the_program_prints():
    """`make reference` was run since a key was changed."""
    assert config.reference() == REFERENCE


def test_the_reference_has_every_key():
    """No part of the schema is forgotten, and each key says what it is for and which kind it is."""
    for shape in [SCHEMA, *SCHEMA["$defs"].values()]:
        for part in shape.get("anyOf", [shape]):
            for key, said in part.get("properties", {}).items():
                lines = [line for line in REFERENCE.splitlines() if line.startswith(f"- **`{key}`** (")]
                assert any(said.get("description", "") in line for line in lines), key


def test_the_reference_quotes_patterns():
    """A pattern stands there as it stands in the file: in single quotes, a backslash once."""
    assert r"`'\bFed\b'`" in REFERENCE
    assert "`'{author}'`" in REFERENCE
    assert "(duration; default `1h`)" in REFERENCE
    assert "; default what `title` says)" in REFERENCE


def test_keys_without_effect_are_named():
    """The page names those keys of a feed that this version takes and does nothing with, and no others."""
    said = re.search(r"has no effect yet: (.*)\.$", BEFORE_REFERENCE, re.MULTILINE)
    named = set(re.findall(r"`(\w+)`", said[1])) if said else set()
    example = "feeds: [{url: 'https://example.org/', full_text: true, republish: full}]"
    given = config.load(example, name="", directory="/srv", environment={})
    assert named == {warning.partition(":")[0].rpartition(".")[2] for warning in given.warnings}


def test_every_page_is_found_from_the_readme():
    """A page that nobody is led to is not there."""
    links = set(re.findall(r"\]\(([^)]+)\)", TEXTS["README.md"]))
    assert set(TEXTS) - {"README.md"} <= links


def test_every_room_is_in_the_architecture():
    """A new room is given its line."""
    rooms = {path.stem for path in (ROOT / "aggregator").iterdir() if not path.name.startswith("__")}
    assert rooms <= set(re.findall(r"\[(\w+)\]\(\.\./aggregator", TEXTS["docs/architecture.md"]))


def test_the_changelog_begins_with_this_version():
    """Who upgrades finds what is new at the top; before that may stand what is to come."""
    said = re.findall(r"^## (\S+)", TEXTS["CHANGELOG.md"], re.MULTILINE)
    assert next(version for version in said if version != "Unreleased") == __version__


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_shell_completion(shell):
    """The lines for completion print something that a shell can take."""
    assert f"_AGGREGATOR_COMPLETE={shell}_source" in TEXTS["docs/operating.md"]
    done = CliRunner().invoke(
        main, prog_name="aggregator", env={"_AGGREGATOR_COMPLETE": f"{shell}_source"}, args=[]
    )
    assert done.exit_code == 0
    assert f"_AGGREGATOR_COMPLETE={shell}_complete" in done.output


@pytest.mark.parametrize("name", sorted(main.commands))
def test_help_reads_by_itself(name):
    """Each command says what it does in a sentence that fits the list of commands, whole; so do options."""
    command = main.commands[name]
    assert command.help
    assert not command.get_short_help_str(64).endswith("...")
    for given in command.params:
        assert isinstance(given, click.Argument) or given.help, given.name


@pytest.mark.parametrize("name", sorted(main.commands))
def test_help_ends_like_a_page_of_a_manual(name, tmp_path, monkeypatch):
    """Each command says what its exit status means, and what can be typed: it is parsed as a shell has it."""
    said = CliRunner().invoke(main, [name, "--help"], prog_name="aggregator").output
    status, _, examples = said.partition("  Exit status:\n")[2].partition("\n  Examples:\n")
    assert [line.split()[0] for line in status.strip().splitlines()] == ["0", "1", "2"]
    lines = [line.strip() for line in examples.splitlines() if line.strip()]
    assert lines
    monkeypatch.chdir(tmp_path)
    Path("site/_posts").mkdir(parents=True)
    Path("subscriptions.opml").touch()
    for line in lines:
        program, *words = shlex.split(line.partition(" >")[0])
        assert program == "aggregator"
        with main.make_context(program, words) as context:
            asked, command, rest = main.resolve_command(context, [*context._protected_args, *context.args])
            with command.make_context(asked, rest, parent=context):
                assert asked == name
