"""The containers, as far as that can be told without an engine: the files, and what starts from them."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import shutil
import sys
import tarfile
from asyncio.subprocess import DEVNULL, PIPE
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from bot.channels.registry import ServiceSettings
from bot.editing.settings import EditorsSettings
from bot.settings import EnvironmentSettings, Settings
from stand_ins.serving import free_port
from tests.support import ROOT
from tests.support.containers import COMPOSE, SERVICES, of_the_editors_alone, secret_names
from tests.support.image_files import wrong_files
from tests.support.rasa_side import TOKEN

OURS = ("bot", "editors", "rasa")
READ_BY: dict[str, type[EnvironmentSettings]] = {"bot": ServiceSettings, "editors": EditorsSettings}
FOR_OTHERS = {"FORWARDED_ALLOW_IPS"}
"""Read by uvicorn."""

PASSWORDS = {"bot": "POSTGRES_PASSWORD", "editors": "EDITORS_POSTGRES_PASSWORD"}
"""Of each role of PostgreSQL, the variable that has it."""


def stage(name: str) -> list[list[str]]:
    """The instructions of one of the Dockerfile's images as words, those of the image below it first."""
    text = (ROOT / "Dockerfile").read_text("utf-8")
    parts = re.split(r"^FROM (.*) AS (\w+)$", text, flags=re.MULTILINE)
    place = parts.index(name, 2)
    below, own = parts[place - 1], parts[place + 1]
    lines = [line.split() for line in own.splitlines() if re.match("[A-Z]+ ", line)]
    return [*(stage(below) if below in parts[2::3] else []), *lines]


def copied(name: str) -> list[Path]:
    """What of the project is in an image."""
    return [Path(word) for line in stage(name) if line[0] == "COPY" for word in line[1:-1]]


def unpacked(name: str, directory: Path) -> Path:
    """A directory with what is in an image, and what it may write to, and nothing else."""
    for path in copied(name):
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / path).is_dir():
            shutil.copytree(ROOT / path, target, dirs_exist_ok=True)
        else:
            shutil.copy(ROOT / path, target)
    (directory / "data").mkdir()
    return directory


class TestTheFiles:
    """docker-compose.yml, Dockerfile and .dockerignore."""

    def test_only_pages_can_be_reached_and_only_from_this_machine(self) -> None:
        assert {name for name, service in SERVICES.items() if "ports" in service} == {"bot", "editors"}
        ports = [port for name in ("bot", "editors") for port in SERVICES[name]["ports"]]
        assert all(port.startswith("127.0.0.1:") for port in ports)
        assert len(set(ports)) == len(ports)
        for name in ("rasa", "rasa-runner", "database"):
            assert SERVICES[name]["networks"] == ["inside"]
        assert COMPOSE["networks"]["inside"] == {"internal": True}

    @pytest.mark.parametrize("name", SERVICES)
    def test_each_is_kept_small_and_alive(self, name: str) -> None:
        service = SERVICES[name]
        assert service["read_only"] is True
        assert service["user"] not in {"", "root", "0"}
        assert service["cap_drop"] == ["ALL"]
        assert service["restart"] == "unless-stopped"
        assert {"mem_limit", "healthcheck", "stop_grace_period"} <= service.keys()

    def test_there_is_no_secret_in_the_file(self) -> None:
        for service in SERVICES.values():
            for name, value in service.get("environment", {}).items():
                if name in secret_names():
                    assert re.fullmatch(rf"|\$\{{{name}:[?-].*\}}", value), name
                if name == "POSTGRES_PASSWORD":
                    assert value.startswith("${POSTGRES_PASSWORD:?")
                if "://" in value and "@" in value:
                    role = value.split("://")[1].split(":")[0]
                    assert f"{role}:${{{PASSWORDS[role]}:?" in value

    @pytest.mark.parametrize("name", READ_BY)
    def test_every_setting_it_makes_is_one(self, name: str) -> None:
        made = {key for key, value in SERVICES[name]["environment"].items() if value}
        assert made - FOR_OTHERS <= {field.upper() for field in READ_BY[name].model_fields}

    def test_who_writes_what_the_city_says_holds_no_platforms_secret(self) -> None:
        theirs = {name.upper() for name in ServiceSettings.model_fields.keys() - Settings.model_fields.keys()}
        assert "env_file" not in SERVICES["editors"]
        assert SERVICES["editors"]["environment"].keys().isdisjoint({*theirs, "SECRET_KEY", "METRICS_TOKEN"})

    def test_who_talks_with_the_platforms_holds_no_secret_of_the_editors_pages(self) -> None:
        secret = of_the_editors_alone() & secret_names() | {"EDITORS_POSTGRES_PASSWORD"}
        held = sorted(name for name in secret if SERVICES["bot"]["environment"].get(name) != "")
        lines = [f'{name}: ""' for name in held]
        assert not lines, "docker-compose.yml lacks these lines under services: bot: environment:"

    def test_every_setting_of_the_editors_pages_reaches_them(self) -> None:
        missing = sorted(of_the_editors_alone() - SERVICES["editors"]["environment"].keys())
        lines = [f"{name}: ${{{name}:-}}" for name in missing]
        assert not lines, "docker-compose.yml lacks these lines under services: editors: environment:"

    def test_only_the_editors_pages_can_write_content(self) -> None:
        mounted = {name: [v for v in service["volumes"] if v.startswith("./content")]
                   for name, service in SERVICES.items()}  # fmt: skip
        assert mounted == {
            "bot": ["./content:/app/content:ro"], "editors": ["./content:/app/content"],
            "rasa": [], "rasa-runner": [], "database": [],
        }  # fmt: skip

    def test_every_volume_is_named_and_every_mounted_path_is_there(self) -> None:
        used = set()
        for service in SERVICES.values():
            for volume in service["volumes"]:
                source = volume.split(":")[0]
                if source.startswith("."):
                    assert (ROOT / source).exists()
                else:
                    used.add(source)
        assert used == COMPOSE["volumes"].keys()

    @pytest.mark.parametrize("name", OURS)
    def test_an_image_is_made_of_what_is_there_and_let_through(self, name: str) -> None:
        let_through = [
            Path(line[1:])
            for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines()
            if line.startswith("!")
        ]
        for path in copied(name):
            assert (ROOT / path).exists(), path
            assert any(path.is_relative_to(allowed) for allowed in let_through), path

    @pytest.mark.parametrize("name", OURS)
    def test_an_image_starts_as_the_service_does_as_the_same_user(self, name: str) -> None:
        command = [line[1:] for line in stage(name) if line[0] == "CMD"][-1]
        assert json.loads(" ".join(command)) == SERVICES[name]["command"]
        assert f"--uid {SERVICES[name]['user']} " in (ROOT / "Dockerfile").read_text("utf-8")
        assert [line for line in stage(name) if line[0] == "USER"][-1] == ["USER", "app"]

    @pytest.mark.parametrize("name", OURS)
    def test_what_is_written_to_is_a_volume_and_the_users(self, name: str) -> None:
        volumes = {volume.split(":")[1] for volume in SERVICES[name]["volumes"] if volume[0] != "."}
        (made,) = (
            " ".join(line) for line in stage(name) if line[0] == "RUN" and "install" in line and "-d" in line
        )
        directories = made.split("install -d -o app ")[1].split()
        assert volumes == {f"/app/{directory}" for directory in directories}


class TestWhatStandsInAnImage:
    """How `make containers` looks through the layers; without an engine, by layers made here."""

    def test_what_an_image_is_made_of_may_be_there(self, tmp_path: Path) -> None:
        saved = self.image(
            tmp_path,
            [{"usr/lib/python3/tests/a.py": {}, "app/bot/app.py": {}}, {"app/data/x": {"uid": 10001}}],
        )
        assert wrong_files(saved, 0, ["a secret"]) == []

    @pytest.mark.parametrize(
        ("name", "file"),
        [
            ("app/bot/.env", {}),
            ("app/.git/config", {}),
            ("root/.ssh/id_rsa", {}),
            ("home/somebody/notes.txt", {}),
            ("app/tests/support/app.py", {}),
            ("app/bot/__pycache__/app.pyc", {}),
            ("app/bot/app.py", {"uid": 10001}),
            ("app/bot/app.py", {"content": b"key = 'a secret'"}),
            ("usr/bin/gcc", {}),
            ("usr/bin/anything", {"mode": 0o4755}),
            ("etc/anything", {"mode": 0o666}),
            ("var/lib/apt/lists/deb.debian.org_main", {}),
            ("etc/a", {"content": b"-----BEGIN PRIVATE KEY-----\n" + 44 * b"A" + b"\n"}),
        ],
    )
    def test_what_should_not_be_there_is_found_also_if_it_was_taken_away_later(
        self, tmp_path: Path, name: str, file: dict[str, Any]
    ) -> None:
        path = Path(name)
        taken_away: dict[str, dict[str, Any]] = {str(path.with_name(f".wh.{path.name}")): {}}
        saved = self.image(tmp_path, [{}, {name: file}, taken_away])
        assert any(line.startswith(f"/{name}: ") for line in wrong_files(saved, 1, ["a secret"]))
        assert wrong_files(saved, 3, ["a secret"]) == [], "the layers of others are left alone"

    @staticmethod
    def image(directory: Path, layers: list[dict[str, dict[str, Any]]]) -> Path:
        """A saved image. layers: of each its files, with owner, mode and content where they matter."""

        def packed(files: dict[str, dict[str, Any]]) -> bytes:
            buffer = io.BytesIO()
            with tarfile.open(fileobj=buffer, mode="w") as archive:
                for name, facts in files.items():
                    info = tarfile.TarInfo(name)
                    content = facts.get("content", b"")
                    info.size, info.uid, info.mode = (
                        len(content),
                        facts.get("uid", 0),
                        facts.get("mode", 0o644),
                    )
                    archive.addfile(info, io.BytesIO(content))
            return buffer.getvalue()

        names = [f"{number}/layer.tar" for number in range(len(layers))]
        parts = {name: packed(files) for name, files in zip(names, layers, strict=True)}
        parts["manifest.json"] = json.dumps([{"Layers": names}]).encode()
        saved = directory / "image.tar"
        saved.write_bytes(packed({name: {"content": content} for name, content in parts.items()}))
        return saved


@pytest.mark.parametrize("name", READ_BY)
async def test_clients_behind_the_proxy_are_told_apart(name: str) -> None:
    """As uvicorn does with the file's setting: what the proxy says counts, what a client says does not."""
    seen: list[str] = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        seen.append(scope["client"][0])

    trusting = ProxyHeadersMiddleware(app, SERVICES[name]["environment"]["FORWARDED_ALLOW_IPS"])
    for sender, claimed in (("172.18.0.1", b"9.9.9.9, 203.0.113.7"), ("203.0.113.8", b"9.9.9.9")):
        scope = {
            "type": "http",
            "scheme": "http",
            "client": (sender, 1),
            "headers": [(b"x-forwarded-for", claimed)],
        }
        await trusting(cast(Any, scope), cast(Any, None), cast(Any, None))
    assert seen == ["203.0.113.7", "203.0.113.8"]


class TestTheEntryPoints:
    """Each started as the file does, from what is in its image alone; but for host names and ports."""

    @pytest.mark.server
    async def test_the_bot_serves(self, tmp_path: Path, small_content: Path) -> None:
        directory = unpacked("bot", tmp_path)
        port = free_port()
        changed = {
            "HOST": "127.0.0.1", "PORT": str(port), "CONTENT_DIR": str(small_content),
            "DATABASE_URL": "sqlite:///data/bot.db", "RASA_URL": "http://127.0.0.1:9",
        }  # fmt: skip
        environment = {**SERVICES["bot"]["environment"], **changed}
        assert await self.answers("bot", sys.executable, directory, environment, port, "/health") == {
            "live": True
        }

    @pytest.mark.server
    async def test_the_editors_pages_serve(self, tmp_path: Path, small_content: Path) -> None:
        directory = unpacked("editors", tmp_path)
        port = free_port()
        changed = {
            "EDITORS_HOST": "127.0.0.1", "EDITORS_PORT": str(port), "CONTENT_DIR": str(small_content),
            "EDITORS_URL": "https://editors.example.org", "EDITORS_KEY": "a key", "RASA_TOKEN": TOKEN,
            "EDITORS_DATABASE_URL": "sqlite:///data/editors.db", "DATABASE_URL": "sqlite:///data/bot.db",
            "RASA_URL": "http://127.0.0.1:9",
        }  # fmt: skip
        given = {key: value for key, value in SERVICES["editors"]["environment"].items() if "${" not in value}
        environment = {**given, **changed}
        assert await self.answers("editors", sys.executable, directory, environment, port, "/health") == {
            "live": True
        }

    @pytest.mark.server
    async def test_the_rasa_side_serves(self, tmp_path: Path) -> None:
        python = ROOT / ".venv-rasa" / "bin" / "python"
        assert python.exists(), "run `make environments`"
        directory = unpacked("rasa", tmp_path)
        port = free_port()
        assert (await self.answers("rasa", str(python), directory, {"RASA_TOKEN": TOKEN}, port, "/status"))[
            "model"
        ] is None

    @staticmethod
    async def answers(
        name: str, python: str, directory: Path, environment: dict[str, str], port: int, path: str
    ) -> dict[str, Any]:
        """What one says once it is up."""
        at_home = {"python": python, "0.0.0.0": "127.0.0.1", "5005": str(port)}
        command = [at_home.get(word, word) for word in SERVICES[name]["command"]]
        process = await asyncio.create_subprocess_exec(
            *command, cwd=directory, env={"PATH": os.environ["PATH"], "HOME": str(directory), **environment},
            stdin=DEVNULL, stdout=PIPE, stderr=PIPE,
        )  # fmt: skip
        try:
            known = {"Authorization": f"Bearer {TOKEN}"}
            async with httpx.AsyncClient(headers=known, trust_env=False) as http, asyncio.timeout(60):
                while process.returncode is None:
                    with suppress(httpx.TransportError):
                        told: dict[str, Any] = (await http.get(f"http://127.0.0.1:{port}{path}")).json()
                        return told
                    await asyncio.sleep(0.1)  # between two looks at a condition
            pytest.fail((await process.communicate())[1].decode())
        finally:
            if process.returncode is None:
                process.terminate()
            await process.communicate()
