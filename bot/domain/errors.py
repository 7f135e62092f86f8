"""What an operator or an editor is told in a sentence, whereupon the command ends: bot/cli catches it.

    UserError
    ├── SettingsError       a setting is wrong                                  bot/settings.py
    ├── ContentError        content/ cannot be served                           bot/content/yaml_file.py
    ├── DatabaseUnusable    the database cannot be used as it is                bot/storage/errors.py
    ├── NoBackup            there is no backup to be made, or restored          bot/storage/backup.py
    ├── RasaNotStarted      the Rasa side cannot be started                     bot/rasa/child.py
    ├── StartError          the service cannot start                            bot/app.py
    ├── NoListener          nothing can be served at HOST and PORT              bot/serve.py
    ├── NotAuthorised       Zalo does not let the app speak for the account     bot/channels/zalo/login.py
    ├── MediaError          a picture of content/ cannot be shown               bot/content/media.py
    ├── NotPossible         what an editor asked for cannot be done             here
    ├── QuestionFileError   a file of questions cannot be used                  evaluation/questions.py
    ├── NotStarted          the bot that is to be evaluated did not get ready   evaluation/start.py
    └── NotAsked            it does not reply as it should                      evaluation/ask.py

What a part of the service copes with by itself, such as DatabaseAway or SendError, is none of them.
"""

from __future__ import annotations


class UserError(Exception):
    """Something that whoever gave the command has to mend. Its text says what, where and how, in whole
    sentences, and never a secret."""


class NotPossible(UserError):
    """An editor asked for what cannot be done; says why in one sentence."""
