"""What can be said of the image without an engine that builds it, and of the versions that it pins."""

import re
import shlex
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([A-Za-z0-9.!+]+)")


def instructions():
    """The Dockerfile as (INSTRUCTION, rest), comments gone and continued lines joined."""
    lines = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [tuple(line.split(maxsplit=1)) for line in joined.splitlines() if line.strip()]


def stages():
    """The instructions of each stage."""
    found = []
    for instruction in instructions():
        if instruction[0] == "FROM":
            found.append([])
        found[-1].append(instruction)
    return found


def said(name, stage=-1):
    """What the instructions of one name say in a stage, the last one unless told otherwise."""
    return [rest for instruction, rest in stages()[stage] if instruction == name]


def pins():
    """The versions of constraints.txt by canonical name."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    found = [PIN.fullmatch(line.strip()) for line in lines if line.strip() and not line.startswith("#")]
    return {canonicalize_name(pin[1]): Version(pin[2]) for pin in found if pin}


def test_every_stage_is_slim_and_pinned_to_a_python_that_we_support():
    """One base image, slim, by version, of a Python that pyproject allows."""
    bases = {rest.split()[0] for name, rest in instructions() if name == "FROM"}
    assert len(bases) == 1
    base = re.fullmatch(r"python:(3\.\d+)-slim(-\w+)?", bases.pop())
    assert base
    assert Version(base[1]) >= Version(PROJECT["requires-python"].removeprefix(">="))


def test_what_it_copies_is_there_and_is_let_through():
    """Every file and folder of the context exists, and .dockerignore does not hold it back."""
    copied = [part for rest in said("COPY", 0) for part in shlex.split(rest)[:-1]]
    assert {"constraints.txt", "pyproject.toml", "README.md", "aggregator"} <= set(copied)
    ignored = (ROOT / ".dockerignore").read_text().split()
    for name in copied:
        assert (ROOT / name).exists(), name
        assert "*" not in ignored or f"!{name}" in ignored, name


def test_the_build_needs_nothing_that_is_not_copied():
    """Whatever pyproject names by path comes along: the readme, the package and the versions' place."""
    copied = {part for rest in said("COPY", 0) for part in shlex.split(rest)[:-1]}
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]
    assert PROJECT["readme"] in copied
    assert set(build["build"]["targets"]["wheel"]["packages"]) <= copied
    assert Path(build["version"]["path"]).parts[0] in copied


def test_nothing_private_gets_into_the_context():
    """Neither a store, nor the operator's file, nor the history: only what is listed."""
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert ignored[0] == "*"
    allowed = {line[1:] for line in ignored if line.startswith("!")}
    assert allowed == {"aggregator", "constraints.txt", "pyproject.toml", "README.md"}


def test_it_installs_what_is_pinned():
    """The same versions as `make` installs, and no index of anybody."""
    [install] = [rest for rest in said("RUN", 0) if "pip install" in rest]
    assert "--constraint constraints.txt" in install
    assert "--constraint constraints.txt" in (ROOT / "Makefile").read_text()
    everything = (ROOT / "Dockerfile").read_text()
    assert "index-url" not in everything
    assert "[dev]" not in everything


def test_it_does_not_run_as_root():
    """The user is made, by number, before it is used, and the last word about users is its name."""
    [user] = said("USER")
    assert user not in ("root", "0")
    [made] = [rest for rest in said("RUN") if "useradd" in rest]
    assert re.search(rf"useradd\b.*--uid [1-9]\d{{3,}}\b.* {user}\b", made)
    order = [name for name, _ in stages()[-1]]
    assert order.index("RUN") < order.index("USER")
    assert "RUN" not in order[order.index("USER") :]


def test_it_keeps_configuration_data_and_output():
    """All three are volumes that its user owns, and where the default paths of the file lead to."""
    [directory] = said("WORKDIR")
    [volumes] = [shlex.split(rest.translate(str.maketrans("[],", "   "))) for rest in said("VOLUME")]
    assert set(volumes) == {directory, f"{directory}/data", f"{directory}/public"}
    [made] = [rest for rest in said("RUN") if "mkdir" in rest]
    assert f"mkdir -p {directory}/data {directory}/public" in made
    assert re.search(rf"chown -R (\w+):\1 {directory}\b", made)
    from aggregator.model import Config, Output

    assert Config().store.startswith("data/")
    assert Output().directory == "public"


def test_it_listens_serves_and_says_so_on_one_port():
    """What it listens on, exposes and asks in its health check is one port."""
    [command] = said("CMD")
    assert command == '["run", "--listen", "0.0.0.0:8080"]'
    assert said("ENTRYPOINT") == [f'["{next(iter(PROJECT["scripts"]))}"]']
    assert said("EXPOSE") == ["8080"]
    [check] = said("HEALTHCHECK")
    assert "http://127.0.0.1:8080/healthz" in check
    assert "curl" not in check  # the image has none


def test_the_health_check_is_a_program():
    """Its Python compiles, so that a typing error does not make every container unhealthy."""
    [check] = said("HEALTHCHECK")
    program = re.search(r'CMD \["python", "-c", "(.+)"\]', check)
    assert program
    compile(program[1], "HEALTHCHECK", "exec")


def test_it_stops_as_the_daemon_likes_it():
    """An engine's stop is the signal that finishes what is under way, and reaches the process itself."""
    assert said("STOPSIGNAL") == ["SIGTERM"]
    assert said("ENTRYPOINT")[0].startswith("[")  # no shell in between


def test_constraints_name_versions_only():
    """Names and exact versions, each once, sorted; no URL, no index, no option, no path."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = [line for line in lines if not line.startswith("#")]
    assert [line for line in pinned if not PIN.fullmatch(line)] == []
    names = [canonicalize_name(line.partition("==")[0]) for line in pinned]
    assert len(set(names)) == len(names)
    assert "://" not in "\n".join(lines)


@pytest.mark.parametrize(
    "requirement",
    [
        *PROJECT["dependencies"],
        *(one for extra in PROJECT["optional-dependencies"].values() for one in extra),
    ],
)
def test_constraints_cover_what_we_depend_on(requirement):
    """Every dependency of ours is pinned, to a version that pyproject allows."""
    wanted = Requirement(requirement)
    assert wanted.specifier.contains(pins()[canonicalize_name(wanted.name)])


def test_constraints_cover_what_those_depend_on():
    """Nothing that is installed for us comes in whichever version was published last."""
    pinned, seen = pins(), set()
    waiting = [Requirement(text) for text in PROJECT["dependencies"]]
    waiting += [Requirement(text) for text in PROJECT["optional-dependencies"]["dev"]]
    missing = set()
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        if (name, frozenset(wanted.extras)) in seen:
            continue
        seen.add((name, frozenset(wanted.extras)))
        if name not in pinned:
            missing.add(name)
        for text in metadata.requires(name) or ():
            needed = Requirement(text)
            extras = [{"extra": extra} for extra in ("", *wanted.extras)]
            if needed.marker is None or any(needed.marker.evaluate(extra) for extra in extras):
                waiting.append(needed)
    assert missing == set()
    assert len(seen) > 40
