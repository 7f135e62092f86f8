"""The services of docker-compose.yml run for real, from a copy of the project with a name of its own.

Nothing of an installation beside it is touched: the copy's images, volumes, ports and secrets are its own,
and all of it is removed in the end.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import time
from pathlib import Path
from subprocess import PIPE, STDOUT
from typing import Any

import yaml

from stand_ins.serving import free_port
from tests.support import ROOT
from tests.support.containers import COMPOSE, SERVICES, base_image

NAME = "hoi-can-tho-check"

COMPOSE_COMMANDS = {
    "docker": ["docker", "compose"],
    # As with Docker, nothing is writable but what the file says.
    "podman": ["podman-compose", "--podman-run-args=--read-only-tmpfs=false"],
}

PASSWORDS = ("POSTGRES_PASSWORD", "EDITORS_POSTGRES_PASSWORD", "SECRET_KEY", "METRICS_TOKEN", "RASA_TOKEN",
             "EDITORS_KEY")  # fmt: skip

PROBED_SECONDS = 120

_SCRIPTS = {"editors": "EDITORS_POSTGRES_PASSWORD", "rasa": "RASA_POSTGRES_PASSWORD"}
"""Of operations/, and the password that each sets."""


class NoEngine(Exception):
    """There is nothing here that runs containers; says so in one sentence."""


class Failed(Exception):
    """A command of the engine failed; says what it printed."""


def engine() -> str:
    """The name of the engine here: docker or podman, whichever runs and has its compose command.

    Raises:
        NoEngine: neither.
    """
    for name, compose in COMPOSE_COMMANDS.items():
        if shutil.which(name) and shutil.which(compose[0]):
            looked = [subprocess.run(command, capture_output=True, check=False)
                      for command in ([name, "info"], [*compose, "version"])]  # fmt: skip
            if not any(done.returncode for done in looked):
                return name
    raise NoEngine("Neither Docker with its compose plugin nor Podman with podman-compose runs here.")


class Compose:
    """The services of the copy. directory: where it lies. engine: the command of what runs containers.

    env: what stands in the copy's .env.
    """

    def __init__(self, directory: Path, engine: str) -> None:
        self.directory = directory
        self.engine = engine
        self.env = {name: secrets.token_hex(24) for name in (*PASSWORDS, *_SCRIPTS.values())}
        self.env["RASA_CONVERSATIONS"] = (
            f"postgresql://rasa:{self.env['RASA_POSTGRES_PASSWORD']}@database/rasa"
        )
        self.ports = {name: free_port() for name, service in SERVICES.items() if "ports" in service}

    def write(self) -> None:
        """Make the copy."""
        not_kept = (ROOT / ".gitignore").read_text("utf-8").split()
        ignored = shutil.ignore_patterns(".git", *(name.rstrip("/") for name in not_kept))
        shutil.copytree(ROOT, self.directory, ignore=ignored, dirs_exist_ok=True)
        lines = [f"{name}={value}\n" for name, value in self.env.items()]
        (self.directory / ".env").write_text("".join(lines), encoding="utf-8")
        services = {name: {**service, **self._own(name)} for name, service in SERVICES.items()}
        text = yaml.safe_dump({**COMPOSE, "name": NAME, "services": services})
        (self.directory / "docker-compose.yml").write_text(text, encoding="utf-8")

    def _own(self, name: str) -> dict[str, Any]:
        """What a service of the copy has in place of the file's."""
        own: dict[str, Any] = {}
        if "ports" in SERVICES[name]:
            inside = SERVICES[name]["ports"][0].rpartition(":")[2]
            own["ports"] = [f"127.0.0.1:{self.ports[name]}:{inside}"]
        if name != "database":
            own["image"] = self.image(name)
        return own

    def image(self, name: str) -> str:
        """The copy's image of a service of ours."""
        kind = SERVICES[name]["image"].removeprefix("hoi-can-tho/")
        return f"localhost/{NAME}/{kind}"

    def run(self, *arguments: str, given: str | None = None) -> str:
        """What a command of compose prints.

        Raises:
            Failed: it failed.
        """
        return self._command(*COMPOSE_COMMANDS[self.engine], *arguments, given=given)

    def engine_run(self, *arguments: str) -> str:
        """What a command of the engine itself prints.

        Raises:
            Failed: it failed.
        """
        return self._command(self.engine, *arguments)

    def _command(self, *command: str, given: str | None = None) -> str:
        done = subprocess.run(
            command, cwd=self.directory, input=given, capture_output=True, text=True, check=False,
            env={**os.environ, "COMPOSE_PROJECT_NAME": NAME},
        )  # fmt: skip
        if done.returncode:
            raise Failed(f"{' '.join(command)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout

    def image_facts(self, name: str) -> dict[str, Any]:
        """What the engine tells of an image of ours."""
        return self._image(self.image(name))

    def base_facts(self, name: str) -> dict[str, Any]:
        """What it tells of the image that one of ours is made from."""
        base = base_image(name)
        try:
            return self._image(base)
        except Failed:  # the builder keeps its own
            self.engine_run("pull", base)
            return self._image(base)

    def _image(self, name: str) -> dict[str, Any]:
        facts: dict[str, Any] = json.loads(self.engine_run("image", "inspect", name))[0]
        return facts

    @property
    def url(self) -> str:
        """Where the bot serves."""
        return f"http://127.0.0.1:{self.ports['bot']}"

    def containers(self, service: str) -> list[str]:
        """The names of a service's containers."""
        ours = [f"label=com.docker.compose.{key}={value}" for key, value in
                (("project", NAME), ("service", service))]  # fmt: skip
        filters = [word for label in ours for word in ("--filter", label)]
        return self.engine_run("ps", "--all", *filters, "--format", "{{.Names}}").split()

    def inspect(self, service: str) -> list[dict[str, Any]]:
        """What the engine tells of a service's containers."""
        found: list[dict[str, Any]] = json.loads(self.engine_run("inspect", *self.containers(service)))
        return found

    def inside(self, service: str, *command: str, number: int = 0) -> str:
        """What a command prints that runs in one of a service's containers."""
        return self.engine_run("exec", self.containers(service)[number], *command)

    def until_well(self, service: str, seconds: float = PROBED_SECONDS) -> None:
        """Wait until the file's own probe finds each of a service's containers well.

        Raises:
            Failed: one is not.
        """
        probe = SERVICES[service]["healthcheck"]["test"][1:]
        end = time.monotonic() + seconds
        for number in range(len(self.containers(service))):
            while True:
                try:
                    self.inside(service, *probe, number=number)
                    break
                except Failed as error:
                    if time.monotonic() > end:
                        command = [self.engine, "logs", "--tail", "20", self.containers(service)[number]]
                        logged = subprocess.run(command, stdout=PIPE, stderr=STDOUT, text=True, check=False)
                        raise Failed(f"{error}\n{logged.stdout}") from error
                    time.sleep(0.5)  # between two looks at a condition

    def let_content_be_written(self) -> None:
        """In place of the rights that docs/operators.md gives to the user of the containers."""
        for path in (self.directory / "content", *(self.directory / "content").rglob("*")):
            path.chmod(0o777 if path.is_dir() else 0o666)

    def sql(self, script: str) -> None:
        """Run one of the scripts of operations/, as docs/operators.md says."""
        text = (self.directory / "operations" / f"{script}.sql").read_text("utf-8")
        password = f"password={self.env[_SCRIPTS[script]]}"
        psql = ["psql", "--username", "bot", "--dbname", "bot", "--set", password]
        self.run("exec", "-T", "database", *psql, given=text)

    def remove(self) -> None:
        """End and remove all of it; the images of others that it was made from stay.

        Raises:
            Failed: something is left.
        """
        self._remove_containers()  # `down` of Podman's passes over some that were added
        self.run("down", "--volumes")
        for name in sorted({self.image(name) for name in SERVICES if name != "database"}):
            if self.engine_run("images", "--quiet", name).split():
                self.engine_run("rmi", "--force", name)
        left = [*self._ours("ps", "--all"), *self._ours("volume", "ls"), *self._ours("network", "ls")]
        if left:
            raise Failed(f"these are left, and have to be removed by hand: {', '.join(left)}")

    def _remove_containers(self) -> None:
        """The newest first: none can be removed that another one was made to depend on."""
        if found := self._ours("ps", "--all"):
            facts: list[dict[str, Any]] = json.loads(self.engine_run("inspect", *found))
            for container in sorted(facts, key=lambda facts: str(facts["Created"]), reverse=True):
                self.engine_run("rm", "--force", container["Id"])

    def _ours(self, *listing: str) -> list[str]:
        """The ids of what the engine lists that is the copy's."""
        label = f"label=com.docker.compose.project={NAME}"
        return self.engine_run(*listing, "--quiet", "--filter", label).split()
