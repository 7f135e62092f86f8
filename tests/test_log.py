"""The log tells what happened, and neither secrets nor what people said."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from bot.log import describe, set_up

TOKEN = "12345:a-token"


@pytest.fixture(autouse=True)
def put_back() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_an_event_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    set_up("INFO", "json", [])
    structlog.get_logger("bot.test").info("answered", message_id=7)
    (line,) = lines(capsys)
    assert (line["event"], line["message_id"], line["level"]) == ("answered", 7, "info")
    assert "timestamp" in line


def test_text_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    set_up("INFO", "text", [])
    structlog.get_logger("bot.test").info("answered", message_id=7)
    assert "message_id=7" in capsys.readouterr().err


def test_less_than_the_level_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    set_up("WARNING", "json", [])
    structlog.get_logger("bot.test").info("answered")
    logging.getLogger("library").info("something")
    assert lines(capsys) == []


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_secret_is_masked_wherever_it_appears(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    set_up("INFO", form, [TOKEN, ""])  # type: ignore[arg-type]
    log = structlog.get_logger("bot.test")
    log.info(
        f"event {TOKEN}", url=f"https://host/bot{TOKEN}/send", inner={"a": [TOKEN]}, odd=ValueError(TOKEN)
    )
    logging.getLogger("library").warning("could not reach %s", f"https://host/bot{TOKEN}/send")
    shown = capsys.readouterr().err
    assert TOKEN not in shown
    assert shown.count("[secret]") == 5


def test_requests_are_not_logged_for_their_address_holds_the_token(
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_up("DEBUG", "json", [])
    for name in ("httpx", "httpcore", "httpcore.connection"):
        logging.getLogger(name).info("HTTP Request: POST https://api.telegram.org/bot123:abc/getMe")
    assert lines(capsys) == []


def test_an_exception_is_told_by_type_and_places_without_its_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_up("INFO", "json", [])
    try:
        raise KeyError("what a person wrote")
    except KeyError:
        logging.getLogger("library").exception("it failed")
        structlog.get_logger("bot.test").exception("it failed")
    for line in lines(capsys):
        assert line["error"] == "KeyError"
        assert "test_log.py" in str(line["trace"])
        assert "wrote" not in str(line)


def test_the_place_of_a_mistake_is_where_our_code_was_last() -> None:
    with pytest.raises(KeyError) as raised:
        set_up("NO LEVEL", "json", [])
    described = describe(raised.value)
    assert described["error"] == "KeyError"
    assert described["place"].startswith("bot/log.py:")


def test_what_any_client_can_cause_is_written_once_a_minute(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up("INFO", "json", [])
    server = logging.getLogger("uvicorn.error")
    for _ in range(1000):
        server.warning("Invalid HTTP request received.")
    server.warning("Something else.")
    monkeypatch.setattr("bot.log._Seldom.EVERY", 0.0)
    server.warning("Invalid HTTP request received.")
    assert [line["event"] for line in lines(capsys)] == [
        "Invalid HTTP request received.",
        "Something else.",
        "Invalid HTTP request received. (999 more since the last such line)",
    ]


def test_our_own_events_are_all_written(capsys: pytest.CaptureFixture[str]) -> None:
    set_up("INFO", "json", [])
    for number in range(3):
        structlog.get_logger("bot.test").info("answered", message_id=number)
    assert len(lines(capsys)) == 3
