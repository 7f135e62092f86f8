"""What Telegram shows of the bot: commands, description, menu button, in both languages."""

from __future__ import annotations

from telegram import BotCommand, MenuButtonCommands
from telegram.ext import ExtBot

from bot.content.messages import Commands, Telegram
from bot.domain.answer import BothLanguages
from bot.domain.language import Language


async def set_profile(bot: ExtBot[None], texts: Telegram) -> None:
    """Set the profile. Not the name: Telegram allows that a few times a day only.

    Raises:
        TelegramError: Telegram refused, or could not be reached.
    """
    # What is set without a language is shown to all others; English reaches most of them.
    for code, language in ((None, Language.EN), ("vi", Language.VI), ("en", Language.EN)):
        await bot.set_my_commands(_commands(texts, language), language_code=code)
        await bot.set_my_description(texts.description[language], language_code=code)
        await bot.set_my_short_description(texts.short_description[language], language_code=code)
    await bot.set_chat_menu_button(menu_button=MenuButtonCommands())


def _commands(texts: Telegram, language: Language) -> list[BotCommand]:
    commands = texts.commands
    described: dict[str, BothLanguages] = {name: getattr(commands, name) for name in Commands.model_fields}
    return [BotCommand(name, words[language]) for name, words in described.items()]
