"""Writes .env.example and the README's table of settings, from where each is declared: `make settings`.

A setting is declared once, as a field with its default and its description; this is the rest of it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from bot.channels.registry import ServiceSettings
from bot.editing.settings import EditorsSettings
from tests.support import ROOT

EXAMPLE, README = ROOT / ".env.example", ROOT / "README.md"

SETTINGS: dict[str, FieldInfo] = {
    name.upper(): field
    for name, field in {**ServiceSettings.model_fields, **EditorsSettings.model_fields}.items()
}
"""Every setting by its name in the environment, in the order in which they are shown."""

_EXAMPLE_BEGINS = """\
# Settings of the bot. Copy this file to .env and change what you need: every setting has a default,
# shown here. `make settings` writes this file.
"""

_TABLE_BEGINS = "| name | default | meaning |\n|---|---|---|\n"


def example() -> str:
    """What .env.example has to say."""
    return _EXAMPLE_BEGINS + "".join(_in_example())


def readme(text: str) -> str:
    """The README with the table that it has to have.

    Args:
        text: the README as it is.
    """
    before, begin, rest = text.partition(_TABLE_BEGINS)
    _, end, after = rest.partition("\n\n")
    rows = (
        f"| `{name}` | {_default(field) or '–'} | {field.description} |" for name, field in SETTINGS.items()
    )
    return before + begin + "\n".join(rows) + end + after


def _in_example() -> Iterator[str]:
    for name, field in SETTINGS.items():
        yield "\n" + textwrap.fill(f"{field.description}.", 100, initial_indent="# ", subsequent_indent="# ")
        yield f"\n{name}={_default(field)}\n"


def _default(field: FieldInfo) -> str:
    value = field.default
    if isinstance(value, bool):
        return str(value).lower()
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


if __name__ == "__main__":
    EXAMPLE.write_text(example(), encoding="utf-8")
    README.write_text(readme(README.read_text(encoding="utf-8")), encoding="utf-8")
