"""`python -m bot editors`: who may use the editors' pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.fernet import Fernet

from bot.cli import main
from bot.editing.app import open_database
from bot.editing.service import first_link
from bot.storage.database import Database


@pytest.fixture
def editors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "content").mkdir()
    monkeypatch.setenv("EDITORS_DATABASE_URL", f"sqlite:///{tmp_path}/editors.db")
    monkeypatch.setenv("EDITORS_URL", "https://editors.example")
    return tmp_path


def give(*arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(main, ["editors", *arguments], input=typed)


def invite(name: str, *options: str) -> Result:
    return give("invite", name, "--full-name", f"Chị {name}", *options)


def test_an_invitation_is_a_link_that_is_printed_once(editors: Path) -> None:
    done = invite("lan", "--role", "write", "--role", "approve", "--office", "police")
    assert re.fullmatch(r"https://editors\.example/invitation/[\w-]{43}", done.stdout.strip())
    assert "lan" in (listed := give("list").stdout)
    assert all(word in listed for word in ("Chị lan", "write, approve", "police", "not begun"))


def test_a_name_that_is_taken_or_is_none_is_refused_in_a_sentence(editors: Path) -> None:
    invite("lan")
    for name, sentence in (("lan", "There is an account lan already."), ("Lan Anh", "small letters")):
        refused = invite(name)
        assert refused.exit_code == 1
        assert sentence in refused.output


def test_a_lost_phone_gets_a_new_link_and_a_stranger_none(editors: Path) -> None:
    first = invite("lan").stdout
    again = give("reset", "lan").stdout
    assert again.startswith("https://editors.example/invitation/")
    assert again != first
    assert "There is no account minh." in give("reset", "minh").output


def test_closing_an_account_needs_a_clear_yes_and_the_last_administrator_stays(editors: Path) -> None:
    invite("boss", "--role", "administer")
    invite("lan")
    assert give("disable", "lan", typed="n\n").exit_code == 1
    assert "closed" not in give("list").stdout
    assert give("disable", "lan", typed="y\n").stdout.endswith("lan is closed.\n")
    assert "closed" in give("list").stdout
    give("enable", "lan")
    assert "closed" not in give("list").stdout
    assert "last account" in give("disable", "boss", typed="y\n").output


def test_a_backup_brings_the_accounts_back(editors: Path) -> None:
    invite("lan")
    assert "backup.db is the backup" in give("backup", "backup.db").stdout
    assert "there already" in give("backup", "backup.db").output
    invite("minh")
    assert give("restore", "backup.db", typed="n\n").exit_code == 1
    assert "Chị minh" in give("list").stdout
    assert "Everybody has to log in again" in give("restore", "--yes", "backup.db").stdout
    assert "Chị lan" in give("list").stdout
    assert "Chị minh" not in give("list").stdout


def test_of_postgresql_the_operators_page_says_how_it_is_backed_up(
    editors: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDITORS_DATABASE_URL", "postgresql+asyncpg://editors@/editors")
    assert "docs/operators.md" in give("backup", "backup.db").output


@pytest.fixture
async def database(tmp_path: Path) -> Database:
    return await open_database(f"sqlite:///{tmp_path}/first.db")


async def test_the_first_link_is_given_until_somebody_has_begun(database: Database) -> None:
    key = Fernet.generate_key().decode()
    first = await first_link(database, key)
    assert first
    assert await first_link(database, key) not in {first, None}, "a new one; the old one works no more"
    await database.transact(
        lambda connection: connection.exec_driver_sql("UPDATE editor SET password_hash = 'set'")
    )
    assert await first_link(database, key) is None
    await database.close()
