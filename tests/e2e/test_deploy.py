"""The other samples of `deploy/`: the scheduled job by its own steps, the rest by what it refers to."""

import os
import re
import shutil
import subprocess
import sys

import pytest
import yaml

from aggregator.daemon.roles import Roles
from tests.e2e.program import ENVIRONMENT, HEAD, ROOT
from tests.e2e.source import SourceServer, rss

JOB = yaml.safe_load((ROOT / "deploy/static.yml").read_text(encoding="utf-8"))
STEPS = {step["name"]: step for step in JOB["jobs"]["publish"]["steps"] if "name" in step}
CONFIGURATION = HEAD.replace("'127.0.0.1:0'", "'off'")


PROGRAMS = ("bash", "git", "mkdir", "tar", "touch")


@pytest.fixture
def hosting(tmp_path):
    """A repository as the job finds it: feeds.yaml on main, nothing else."""
    if missing := [name for name in PROGRAMS if shutil.which(name) is None]:
        pytest.skip(f"the steps of the job need {', '.join(missing)}, not here")
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", tmp_path / "origin.git"], check=True)
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "aggregator").write_text(f'#!/bin/sh\nexec {sys.executable} -m aggregator "$@"\n')
    (programs / "aggregator").chmod(0o755)
    with SourceServer() as sources:
        sources.put("a.xml", rss("A", "One"))
        yield Hosting(tmp_path, f"{programs}:{os.environ['PATH']}", sources)


class Hosting:
    """A remote repository, and runs of the job, each in a fresh clone at the same place."""

    def __init__(self, directory, path, sources):
        self.sources = sources
        self.origin = directory / "origin.git"
        self._clone = directory / "clone"
        self._environment = {**ENVIRONMENT, "PATH": path, "HOME": str(directory), "GIT_CONFIG_NOSYSTEM": "1"}
        self._environment |= STEPS["Keep it"]["env"]
        self._git("clone", "-q", self.origin, self._clone)
        text = f"{CONFIGURATION}feeds: ['{sources.url('a.xml')}']\n"
        (self._clone / "feeds.yaml").write_text(text)
        self._git("-C", self._clone, "add", "feeds.yaml")
        self._git("-C", self._clone, "commit", "-qm", "Feeds")
        self._git("-C", self._clone, "push", "-q", "origin", "HEAD:main")

    def _git(self, *arguments):
        done = subprocess.run(
            ["git", *arguments], env=self._environment, check=True, capture_output=True, text=True
        )
        return done.stdout

    def run(self, **replaced):
        """The steps of one run; the exit status of each by its name."""
        shutil.rmtree(self._clone, ignore_errors=True)
        self._git("clone", "-q", "--depth", "1", f"file://{self.origin}", self._clone)
        ended = {}
        for name in ("Take what the last run left", "Poll and publish", "Keep it"):
            script = replaced.get(name.split()[0].lower(), STEPS[name]["run"])
            command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
            done = subprocess.run(
                command,
                cwd=self._clone,
                env=self._environment,
                check=False,
                capture_output=True,
                timeout=60,
            )
            ended[name] = done.returncode
            if name.startswith("Take") and done.returncode:
                break  # as the condition of the last step says
        return ended

    def show(self, branch, path=None):
        """What is on a branch: the paths, or the bytes of one."""
        if path is None:
            return self._git("-C", self.origin, "ls-tree", "-r", "--name-only", branch).splitlines()
        return self._git("-C", self.origin, "show", f"{branch}:{path}")

    def commits(self, branch):
        return len(self._git("-C", self.origin, "log", "--format=%h", branch).splitlines())


def test_the_scheduled_job(hosting):
    """Documents on one branch, the store on another; the next run knows what the last one did."""
    assert set(hosting.run().values()) == {0}
    assert {"index.html", "feed.atom", "feed.atom.gz", ".nojekyll"} <= set(hosting.show("public"))
    assert "aggregator.db" in hosting.show("state")
    first = hosting.show("public", "feed.atom")
    assert "One" in first
    asked = len(hosting.sources.log)
    assert set(hosting.run().values()) == {0}
    assert len(hosting.sources.log) == asked  # not due yet, which only the store can know
    assert hosting.show("public", "feed.atom") == first
    assert [hosting.commits(branch) for branch in ("public", "state", "main")] == [1, 1, 1]


def test_a_scheduled_job_that_fails(hosting):
    """It keeps what it has; where it cannot take what the last one left, it ends before it forgets that."""
    hosting.run()
    before = hosting.show("public"), hosting.show("public", "feed.atom")
    ended = hosting.run(poll="exit 1")
    assert (ended["Poll and publish"], ended["Keep it"]) == (1, 0)
    assert (hosting.show("public"), hosting.show("public", "feed.atom")) == before
    unreachable = STEPS["Take what the last run left"]["run"].replace("origin", "nowhere")
    assert hosting.run(take=unreachable) == {"Take what the last run left": 128}
    assert "steps.take.outcome == 'success'" in STEPS["Keep it"]["if"]


def test_the_job_as_such():
    """One at a time, with a right to push, by the clock; `on` is a truth value to YAML 1.1."""
    assert JOB[True]["schedule"][0]["cron"].count(" ") == 4
    assert JOB["permissions"] == {"contents": "write"}
    assert JOB["concurrency"] == {"group": "feeds", "cancel-in-progress": False}
    assert JOB["defaults"]["run"]["shell"] == "bash"


def test_the_containers():
    """They mount what the image keeps, and show nothing but the proxy."""
    composed = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text(encoding="utf-8"))
    volumes = re.search(r"VOLUME (.*)", (ROOT / "Dockerfile").read_text())[1]
    ours = composed["services"]["aggregator"]
    assert {v.split(":")[1] for v in ours["volumes"]} == set(yaml.safe_load(volumes))
    assert "ports" not in ours
    named = {v.split(":")[0] for s in composed["services"].values() for v in s["volumes"] if v[0] != "."}
    assert named == set(composed["volumes"])


def test_the_unit():
    """It starts a command that there is, and stops as patiently as that needs."""
    unit = (ROOT / "deploy/aggregator.service").read_text(encoding="utf-8")
    command = re.search(r"^ExecStart=\S+/aggregator (.*)$", unit, re.MULTILINE)[1].split()
    assert command[0] == "run"
    done = subprocess.run(
        [sys.executable, "-m", "aggregator", *command[:2], "/nowhere/feeds.yaml"],
        capture_output=True,
        text=True,
        check=False,
        env=ENVIRONMENT,
        timeout=60,
    )
    assert done.returncode == 2  # which is not tried again
    assert "there is no such file" in done.stderr
    assert "RestartPreventExitStatus=2" in unit


def test_the_processes_on_one_database():
    """Roles that there are, between them all of the work; nobody has a published port but the proxy."""
    composed = yaml.safe_load((ROOT / "deploy/workers.yaml").read_text(encoding="utf-8"))
    services = composed["services"]
    ours = {name: one for name, one in services.items() if one.get("build") == ".."}
    roles = {
        name: Roles.named(one["command"][one["command"].index("--roles") + 1]) for name, one in ours.items()
    }
    assert {str(one) for one in roles.values()} == {"poll,publish", "serve"}
    assert [name for name, one in services.items() if "ports" in one] == ["nginx"]
    asked = re.findall(r"server (\S+):8080", (ROOT / "deploy/nginx-workers.conf").read_text(encoding="utf-8"))
    assert set(asked) == {name for name, one in roles.items() if one.serve}
    for one in ours.values():
        assert "PGPASSWORD" in one["environment"]
        assert one["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert {"database"} == set(composed["volumes"])


def test_the_database_of_the_composed_containers():
    """The file that goes over the other one gives the daemon a password, and the database the same."""
    composed = yaml.safe_load((ROOT / "deploy/compose.postgres.yaml").read_text(encoding="utf-8"))
    services = composed["services"]
    password = services["aggregator"]["environment"]["PGPASSWORD"]
    assert services["database"]["environment"]["POSTGRES_PASSWORD"] == password
    assert services["aggregator"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert {"database"} == set(composed["volumes"])


def test_the_unit_knows_what_the_daemon_tells_it():
    """What it says over its socket is waited for, from the daemon itself alone, each key once."""
    unit = (ROOT / "deploy/aggregator.service").read_text(encoding="utf-8")
    keys = re.findall(r"^(\w+)=(.*)$", unit, re.MULTILINE)
    assert len(dict(keys)) == len(keys)
    assert dict(keys)["Type"] == "notify"
    assert dict(keys)["NotifyAccess"] == "main"
    assert int(dict(keys)["WatchdogSec"]) >= 30  # it says so once a second, if it is not busy
    assert "AF_UNIX" in dict(keys)["RestrictAddressFamilies"]
