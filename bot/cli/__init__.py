"""The commands of `python -m bot`: what is typed and what is printed; the work is done elsewhere."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from bot.domain.errors import UserError

COMMANDS = {
    "run": "bot.cli.service",
    "check": "bot.cli.content",
    "new": "bot.cli.content",
    "publish": "bot.cli.publishing",
    "models": "bot.cli.publishing",
    "questions": "bot.cli.questions",
    "reply": "bot.cli.questions",
    "announce": "bot.cli.questions",
    "bulletin": "bot.cli.questions",
    "evaluate": "bot.cli.evaluation",
    "backup": "bot.cli.database",
    "restore": "bot.cli.database",
    "editors": "bot.cli.editors",
}
"""Where each command stands, but for those of channels. Only the one that is asked for is imported, so that
the check, which editors and hooks run often, does not wait for all that the service needs."""


class CommandGroup(click.Group):
    """The commands; one that a UserError keeps from its work says so and fails."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names, as `--help` shows them."""
        return sorted({*COMMANDS, *_of_channels()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, if there is one."""
        if cmd_name not in COMMANDS:
            return _of_channels().get(cmd_name)
        command: click.Command = getattr(import_module(COMMANDS[cmd_name]), cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Do what was asked for."""
        try:
            return super().invoke(ctx)
        except UserError as error:
            sys.exit(str(error))


def _of_channels() -> dict[str, click.Group]:
    registry = import_module("bot.channels.registry")
    commands: dict[str, click.Group] = registry.commands()
    return commands


@click.group(cls=CommandGroup)
def main() -> None:
    """Hỏi Cần Thơ · Ask Cần Thơ."""
