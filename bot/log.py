"""Structured logs on stderr: events and ids, never what people write, never a secret."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Collection
from pathlib import Path
from typing import Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

MASK = "[secret]"
_ROOT = Path(__file__).resolve().parents[1]
_REPETITIVE = frozenset({"asyncio", "uvicorn.error"})


def set_up(level: str, form: Literal["json", "text"], secrets: Collection[str]) -> None:
    """Send every log, the libraries' too, through the same processors to stderr.

    Args:
        level: the lowest that is shown ("INFO").
        form: JSON for machines, text for people.
        secrets: values that are masked wherever they appear.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _describe_exception,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _Redact(secrets),
                renderer,
            ],
        )
    )
    handler.addFilter(_Seldom())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # They log every request's address, and Telegram's holds the token.
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # What becomes of a connection that is given up is no news: that it was is logged here.
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)


def describe(error: BaseException) -> dict[str, str]:
    """An exception's type and place; not its message, which may quote what a person wrote."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if _is_ours(frame.filename)] or list(frames)
    place = _place(ours[-1]) if ours else ""
    return {"error": type(error).__name__, "place": place}


def _is_ours(filename: str) -> bool:
    return Path(filename).is_relative_to(_ROOT / "bot")


def _place(frame: traceback.FrameSummary) -> str:
    path = Path(frame.filename)
    shown = path.relative_to(_ROOT) if _is_ours(frame.filename) else Path(*path.parts[-2:])
    return f"{shown}:{frame.lineno} {frame.name}"


def _describe_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """In place of a traceback with its message, the places it went through."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        frames = traceback.extract_tb(error.__traceback__)
        event["error"] = type(error).__name__
        event["trace"] = [_place(frame) for frame in frames]
    return event


class _Seldom(logging.Filter):
    """Lets what the server under us repeats through once a minute, and says how often it was.

    Any client can make it complain as often as it likes; a log that fills the disk stops the service.
    """

    EVERY = 60.0

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[tuple[object, ...], float] = {}
        self._left_out: dict[tuple[object, ...], int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is written."""
        if record.name not in _REPETITIVE:
            return True
        error = record.exc_info[1] if record.exc_info else None
        # asyncio's first line says what it is; the others name the very socket or task.
        kind = str(record.msg).partition("\n")[0]
        what = (record.name, kind, *(describe(error).values() if error else ()))
        if record.created - self._last.get(what, -self.EVERY) < self.EVERY:
            self._left_out[what] = self._left_out.get(what, 0) + 1
            return False
        self._last[what] = record.created
        if times := self._left_out.pop(what, 0):
            record.msg = f"{record.msg} ({times} more since the last such line)"
        return True


class _Redact:
    """Masks the values of known secrets in everything that is about to be written."""

    def __init__(self, secrets: Collection[str]) -> None:
        self._secrets = [secret for secret in secrets if secret]

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {key: self._redacted(value) for key, value in event.items()}

    def _redacted(self, value: object) -> object:
        match value:
            case str():
                for secret in self._secrets:
                    value = value.replace(secret, MASK)
                return value
            case dict():
                return {key: self._redacted(inner) for key, inner in value.items()}
            case list() | tuple():
                return [self._redacted(inner) for inner in value]
            case bool() | int() | float() | None:
                return value
            case _:
                return self._redacted(str(value))
