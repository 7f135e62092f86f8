"""What keeps the service safe, wherever it is reached: limits, headers, secrets, and nonsense."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError
from starlette.routing import BaseRoute, Mount, Route
from telegram import Bot, Update

from bot.app import create_app
from bot.channels.incoming import incoming
from bot.channels.registry import ServiceSettings
from bot.channels.telegram.updates import Identity, UpdateReader
from bot.channels.web.schema import QuestionBody, Visit
from bot.content.library import Library
from bot.content.yaml_file import ContentError, parse_yaml
from bot.domain.message import TEXT_LIMIT
from bot.storage.chat_move import ChatMove
from tests.support.app import failed_start, running, stopped

HUGE = b'{"text": "' + b"x" * 4_000_000 + b'"}'

RECEIVERS = {
    "/api/messages": 413,
    "/api/pictures": 422,  # a picture may be larger, but this is none
    "/api/deliveries": 413,
    "/{language}/search": 413,
    "/telegram": 403,  # it has not shown the secret, so nothing of it is read
    "/zalo-bot": 403,  # nor has this one
    "/zalo/webhook": 200,  # Zalo would switch a webhook off that refuses; it is dropped
}
"""Whatever takes a body, and what it says to one that is far too large."""

SECRETS = {
    "TELEGRAM_TOKEN": "123456:telegram-token-that-nobody-may-see",
    "ZALO_BOT_TOKEN": "1459:zalo-bot-token-that-nobody-may-see",
    "ZALO_APP_SECRET": "app-secret-that-nobody-may-see",
    "ZALO_OA_SECRET": "oa-secret-that-nobody-may-see",
    "ZALO_TOKEN_KEY": "c2VjcmV0LWtleS10aGF0LW5vYm9keS1tYXktc2VlISE=",
    "SECRET_KEY": "secret-key-that-nobody-may-see",
    "RASA_TOKEN": "rasa-token-that-nobody-may-see",
    "METRICS_TOKEN": "metrics-token-that-nobody-may-see",
}

EVERYTHING = {
    **SECRETS,
    "RASA_URL": "http://127.0.0.1:9",
    "TELEGRAM_API_URL": "http://127.0.0.1:9",
    "PUBLIC_URL": "http://127.0.0.1:9",
    "ZALO_APP_ID": "1", "ZALO_OA_ID": "2",
    "ZALO_BOT_API_URL": "http://127.0.0.1:9",
    "ZALO_API_URL": "http://127.0.0.1:9", "ZALO_OAUTH_URL": "http://127.0.0.1:9",
    "LOG_LEVEL": "DEBUG",
}  # fmt: skip


@pytest.fixture(scope="module")
async def served(
    tmp_path_factory: pytest.TempPathFactory, small_content: Path
) -> AsyncIterator[httpx.AsyncClient]:
    """The whole service with every channel, and no platform that answers."""
    settings = {**EVERYTHING, "CONTENT_DIR": str(small_content)}
    directory = tmp_path_factory.mktemp("served")
    async with running(directory, settings) as (_, url), httpx.AsyncClient(base_url=url, timeout=20) as http:
        yield http


def receivers(routes: list[BaseRoute], before: str = "") -> set[str]:
    """The addresses that take a body."""
    found = set()
    for route in routes:
        if isinstance(route, Mount):
            found |= receivers(list(route.routes), before + route.path)
        elif isinstance(route, Route) and {"POST", "PUT", "PATCH"} & (route.methods or set()):
            found.add(before + route.path)
    return found


def test_whatever_takes_a_body_is_tried_here(
    tmp_path: Path, small_content: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    values = {name.lower(): value for name, value in EVERYTHING.items()}
    app = create_app(ServiceSettings(**values, content_dir=small_content))  # type: ignore[arg-type]
    assert receivers(app.routes) == RECEIVERS.keys()


@pytest.mark.server
@pytest.mark.parametrize("path", RECEIVERS)
async def test_a_huge_body_is_turned_away_and_harms_nobody(path: str, served: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "application/json"}
    address = path.format(language="vi")
    assert (await served.post(address, content=HUGE, headers=headers)).status_code == RECEIVERS[path]
    assert (await served.get("/health")).status_code == 200


@pytest.mark.server
@pytest.mark.parametrize("path", [*RECEIVERS, "/", "/ready", "/metrics", "/static/chat.js", "/nowhere"])
async def test_every_answer_tells_browsers_to_be_careful(path: str, served: httpx.AsyncClient) -> None:
    address = path.format(language="vi")
    for response in (await served.get(address), await served.post(address, content=b"{")):
        headers = response.headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        policy = headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "server" not in headers


class TestSecrets:
    """They reach no log, no answer and no error."""

    def test_the_log_knows_every_one_that_there_is(self, monkeypatch: pytest.MonkeyPatch) -> None:
        kept = {name for name, field in ServiceSettings.model_fields.items() if field.annotation is SecretStr}
        tried = {name.lower() for name in SECRETS} | {"zalo_code_verifier", "telegram_proxy_url"}
        assert kept == tried
        settings = ServiceSettings(database_url="postgresql+asyncpg://bot:database-password@db/bot")
        assert "database-password" in settings.secrets()

    @pytest.mark.server
    async def test_a_whole_life_at_the_level_debug_shows_none(
        self, tmp_path: Path, small_content: Path
    ) -> None:
        settings = {**EVERYTHING, "CONTENT_DIR": str(small_content)}
        seen = ""
        async with running(tmp_path, settings) as (process, url), httpx.AsyncClient(base_url=url) as http:
            for path in ("/", "/ready", "/metrics", "/nowhere"):
                response = await http.get(path, headers={"Authorization": "Bearer wrong"})
                seen += response.text + str(response.headers)
            for path in RECEIVERS:
                response = await http.post(path, json={"event_name": "user_send_text", "timestamp": "1"})
                seen += response.text + str(response.headers)
            seen += await stopped(process)
        assert "telegram" in seen  # it did complain of what it could not reach
        assert [name for name, secret in SECRETS.items() if secret in seen] == []

    @pytest.mark.server
    @pytest.mark.parametrize(
        "wrong",
        [
            {"DATABASE_URL": "postgresql+asyncpg://bot:secret-password@127.0.0.1:9/bot"},
            {"DATABASE_URL": "mysql://bot:secret-password@127.0.0.1/bot"},
            {"ZALO_TOKEN_KEY": "secret-password"},
            {"PORT": "0", "RASA_PORT": "secret-password"},
        ],
        ids=str,
    )
    async def test_what_keeps_it_from_starting_shows_none(
        self, wrong: dict[str, str], tmp_path: Path, small_content: Path
    ) -> None:
        settings = {**EVERYTHING, "CONTENT_DIR": str(small_content), **wrong}
        said = await failed_start(tmp_path, settings)
        assert "setting" in said
        assert "secret-password" not in said


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)

fields = st.sampled_from(
    ["message", "edited_message", "callback_query", "from", "chat", "id", "text", "date", "data", "type",
     "message_id", "entities", "reply_to_message", "edit_date", "language_code", "is_bot", "first_name"]
)  # fmt: skip
updates = st.recursive(
    st.none()
    | st.integers()
    | st.text(max_size=20)
    | st.sampled_from(["private", "group", "/start x", "vi"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(fields, inner, max_size=8),
    max_leaves=25,
)


class TestNonsense:
    """Whatever comes is read, or turned away in the way that is meant for it."""

    @hypothesis_settings(deadline=None)
    @given(st.text(max_size=9000))
    def test_any_text_becomes_a_message_within_its_limits(self, text: str) -> None:
        message = incoming(channel="web", address="a", conversation="c", key="k", text=text)
        assert len(message.text) <= TEXT_LIMIT + 3 * TEXT_LIMIT  # a mask may be longer than what it hides
        assert not any(ord(character) < 32 for character in message.text)
        message.text.encode()

    @hypothesis_settings(deadline=None)
    @given(anything)
    def test_any_json_is_a_question_or_is_explained(self, value: Any) -> None:
        for kind in (QuestionBody, Visit):
            with suppress(ValidationError):
                kind.model_validate_json(json.dumps(value))

    @hypothesis_settings(deadline=None)
    @given(st.dictionaries(fields, updates, max_size=6))
    def test_any_update_is_a_message_or_an_error_that_is_caught(self, raw: dict[str, Any]) -> None:
        """As TelegramChannel reads it: one that cannot be read raises an Exception, and nothing worse."""
        bot = Bot("1:a")
        reader = UpdateReader(Identity(1, "bot"), lambda: Library({}, {}, None, {}), lambda name: name)  # type: ignore[arg-type]
        try:
            message = reader.read(Update.de_json({"update_id": 1, **raw}, bot))
        except Exception:
            return
        assert message is None or isinstance(message, ChatMove) or message.address

    @pytest.mark.parametrize(
        "text",
        ["[" * 5000, "{a: " * 3000, "a: &a [*a]", "? " * 2000, "!!python/object/apply:os.system [id]", "\0",
         "&a [x]: y", "1e999999: .inf", "2026-99-99", "=: <<"],
        ids=lambda text: text[:12],
    )  # fmt: skip
    def test_odd_yaml_is_read_or_is_a_finding(self, text: str) -> None:
        with suppress(ContentError):
            parse_yaml(Path("x.yml"), text)

    @hypothesis_settings(deadline=None)
    @given(st.text(alphabet="ab:-[]{}&*!|>?%@\"'#, \n\t\\0", max_size=60))
    def test_any_yaml_is_read_or_is_a_finding(self, text: str) -> None:
        self.test_odd_yaml_is_read_or_is_a_finding(text)
