"""Copies of the files as they are served, for the next start of the bot."""

from __future__ import annotations

import datetime
from pathlib import Path

import structlog

from bot.content.directory import BULLETINS_FILE, MESSAGES_FILE, OFFICES_FILE, WARDS_FILE
from bot.content.loading import LoadedContent, load
from bot.content.yaml_file import ContentError

log = structlog.get_logger(__name__)

LAST_GOOD = Path("data/content")
"""Copies of the files as they are served: after a restart, too, a file with an error does not take
the place of its last good version."""


def load_at_start(directory: Path, last_good: Path, now: datetime.datetime) -> LoadedContent:
    """What a bot that starts now serves.

    Raises:
        ContentError: nothing can be served.
    """
    earlier: LoadedContent | None
    try:
        earlier = load(last_good)
    except ContentError:  # the first start, or a copy that this version cannot read
        earlier = None
    return load(directory, earlier, now=now)


def keep_copy(content: LoadedContent, directory: Path) -> None:
    """Make the directory hold what is served; it is only needed if the next start finds an error."""
    wanted = {_place(name): file.text.encode() for name, file in content.files.items()}
    try:
        for path in directory.rglob("*.yml"):
            if path.relative_to(directory) not in wanted:
                path.unlink()
        for place, data in wanted.items():
            path = directory / place
            if not path.exists() or path.read_bytes() != data:
                path.parent.mkdir(parents=True, exist_ok=True)
                part = path.with_suffix(".part")
                part.write_bytes(data)
                part.replace(path)
    except OSError as error:
        log.warning("content_not_kept", directory=str(directory), reason=error.strerror)


def _place(name: str) -> Path:
    """Where a file of LoadedContent.files stands in an editors' directory."""
    if name in (MESSAGES_FILE, OFFICES_FILE, WARDS_FILE, BULLETINS_FILE):
        return Path(name)
    topic, _, rest = name.partition(".")
    return Path(topic, f"{rest}.yml")
