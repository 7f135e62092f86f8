"""Accounts of the editors' pages: invited, logged in with two factors, disabled; never made by whoever asks.

Passwords are kept as Argon2id hashes, the secrets of one-time codes (TOTP, RFC 6238) encrypted, links and
sessions as hashes of what their bearer has. Whoever fails is slowed down, by account and by address.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import Connection, Row, delete, func, insert, select, update

from bot.domain.language import DEFAULT_LANGUAGE, Language
from bot.storage.editors.tables import Attempt, Invitation, Passkey, Session
from bot.storage.editors.tables import Editor as EditorTable

INVITATION = datetime.timedelta(days=3)
"""How long a link to begin with, or to begin anew, can be used."""

IDLE, LONGEST = datetime.timedelta(hours=2), datetime.timedelta(hours=12)
"""How long a session lasts without a request, and in all."""

SEEN_EVERY = datetime.timedelta(minutes=1)
"""How exactly the last request of a session is noted."""

PASSWORD_LEAST, PASSWORD_MOST = 12, 200
"""Characters. Longer beats odder (NIST SP 800-63B); and hashing costs by the length."""

FREE_FAILURES = 5
"""Failed logins that cost no waiting. From then on it doubles, from WAIT_FIRST to WAIT_MOST."""

WAIT_FIRST, WAIT_MOST = datetime.timedelta(seconds=2), datetime.timedelta(minutes=15)
FORGET_FAILURES = datetime.timedelta(days=1)
"""After how long without another one failed logins are forgotten."""

NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])?")
ISSUER = "Hỏi Cần Thơ"
"""What an app for one-time codes shows."""

_EDITOR: Any = EditorTable.__table__
_INVITATION: Any = Invitation.__table__
_SESSION: Any = Session.__table__
_PASSKEY: Any = Passkey.__table__
_ATTEMPT: Any = Attempt.__table__

_hasher = PasswordHasher()
_NOBODYS_HASH = _hasher.hash(secrets.token_hex(16))
"""Compared with where there is no account, so that the time tells nobody which names there are."""


class NotAllowed(Exception):
    """It is not done; says why. key: of the phrase that says so on the pages."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


class TooSoon(Exception):
    """Too many logins have failed; `seconds` until the next one is looked at."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"too many failed logins; try again in {seconds:.0f} s")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Account:
    """An editor: who they are, and what they may do.

    offices: keys of content/offices.yml; None: every office's answers.
    """

    id: int
    name: str
    full_name: str
    email: str | None = None
    may_write: bool = True
    may_approve: bool = False
    may_administer: bool = False
    offices: frozenset[str] | None = None
    language: Language = DEFAULT_LANGUAGE
    is_disabled: bool = False
    has_password: bool = False

    def may_see(self, office: str) -> bool:
        """Whether answers of this office are theirs to read before they are public, and to change."""
        return (self.may_write or self.may_approve) and self._is_of(office)

    def may_change(self, office: str) -> bool:
        """Whether they may write answers of this office."""
        return self.may_write and self._is_of(office)

    def may_let_go_out(self, office: str) -> bool:
        """Whether they may approve what others wrote for this office."""
        return self.may_approve and self._is_of(office)

    def _is_of(self, office: str) -> bool:
        return self.offices is None or office in self.offices


class Accounts:
    """The accounts in a database of the editors' pages. Every method is one transaction's work."""

    def __init__(self, key: str) -> None:
        """`key` (Fernet's form) encrypts the secrets of one-time codes and keys the hashes of addresses."""
        self._fernet = Fernet(key)
        self._key = key.encode()

    # Who there is.

    def all(self, connection: Connection) -> list[Account]:
        """Every account, by name."""
        return [_account(row) for row in connection.execute(select(_EDITOR).order_by(_EDITOR.c.name))]

    def find(self, connection: Connection, editor_id: int) -> Account | None:
        """An account by its id."""
        row = connection.execute(select(_EDITOR).where(_EDITOR.c.id == editor_id)).one_or_none()
        return _account(row) if row else None

    def invite(self, connection: Connection, account: Account, now: datetime.datetime) -> str:
        """Make an account (its id is given here) and the token of a link that works once.

        Raises:
            NotAllowed: the name is taken or is none.
        """
        if not NAME.fullmatch(account.name):
            raise NotAllowed(
                "name_form", "A name has small letters without diacritics, digits, points and hyphens."
            )
        if connection.execute(select(_EDITOR.c.id).where(_EDITOR.c.name == account.name)).one_or_none():
            raise NotAllowed("name_taken", f"There is an account {account.name} already.")
        made = connection.execute(
            insert(_EDITOR)
            .values(name=account.name, language=account.language, created_at=now, **_rights(account))
            .returning(_EDITOR.c.id)
        )
        return self._link(connection, made.scalar_one(), now)

    def change(self, connection: Connection, account: Account) -> None:
        """Give an account other rights, another name to show, another address, another language.

        Raises:
            NotAllowed: nobody would be left who may administer.
        """
        if not account.may_administer:
            self._check_not_last(connection, account.id)
        values = {**_rights(account), "language": account.language}
        connection.execute(update(_EDITOR).where(_EDITOR.c.id == account.id).values(values))

    def set_language(self, connection: Connection, editor_id: int, language: Language) -> None:
        """Remember in which language an editor reads the pages."""
        connection.execute(update(_EDITOR).where(_EDITOR.c.id == editor_id).values(language=language))

    def reset(self, connection: Connection, editor_id: int, now: datetime.datetime) -> str:
        """The token of a link to begin anew: a lost phone, a forgotten password.

        Ends all sessions and forgets the passkeys, which may be on the phone that is lost.
        """
        self.end_sessions(connection, editor_id)
        connection.execute(delete(_PASSKEY).where(_PASSKEY.c.editor_id == editor_id))
        connection.execute(delete(_INVITATION).where(_INVITATION.c.editor_id == editor_id))
        return self._link(connection, editor_id, now)

    def disable(self, connection: Connection, editor_id: int, now: datetime.datetime) -> None:
        """Close an account; what it did stays under its name.

        Raises:
            NotAllowed: nobody would be left who may administer.
        """
        self._check_not_last(connection, editor_id)
        self.end_sessions(connection, editor_id)
        connection.execute(delete(_INVITATION).where(_INVITATION.c.editor_id == editor_id))
        connection.execute(update(_EDITOR).where(_EDITOR.c.id == editor_id).values(disabled_at=now))

    def enable(self, connection: Connection, editor_id: int) -> None:
        """Open a closed account again, with what it had."""
        connection.execute(update(_EDITOR).where(_EDITOR.c.id == editor_id).values(disabled_at=None))

    def _check_not_last(self, connection: Connection, editor_id: int) -> None:
        """Locks the administrators, so that two of them cannot take leave at the same moment."""
        query = (
            select(_EDITOR.c.id)
            .where(_EDITOR.c.may_administer, _EDITOR.c.disabled_at.is_(None))
            .with_for_update()
        )
        left = {row.id for row in connection.execute(query)} - {editor_id}
        if not left:
            raise NotAllowed(
                "last_administrator",
                "This is the last account that may administer; give somebody else the right first.",
            )

    # Links.

    def _link(self, connection: Connection, editor_id: int, now: datetime.datetime) -> str:
        token = secrets.token_urlsafe(32)
        connection.execute(
            insert(_INVITATION).values(
                token_hash=_hash(token), editor_id=editor_id, expires_at=now + INVITATION
            )
        )
        return token

    def invited(self, connection: Connection, token: str, now: datetime.datetime) -> Account | None:
        """Whose link a token is, as long as it can be used."""
        query = (
            select(_EDITOR)
            .join(_INVITATION, _INVITATION.c.editor_id == _EDITOR.c.id)
            .where(
                _INVITATION.c.token_hash == _hash(token),
                _INVITATION.c.used_at.is_(None),
                _INVITATION.c.expires_at > now,
                _EDITOR.c.disabled_at.is_(None),
            )
        )
        row = connection.execute(query).one_or_none()
        return _account(row) if row else None

    def accept(
        self, connection: Connection, token: str, password: str, totp_secret: str, code: str,
        now: datetime.datetime,
    ) -> Account:  # fmt: skip
        """Set password and second factor with a link, which then works no more.

        Args:
            token: of the link.
            password: as it was chosen.
            totp_secret: in base 32, as the person's app was shown it.
            code: what the app shows, as a proof that it has the secret.
            now: the time.

        Raises:
            NotAllowed: why not; the link can still be used.
        """
        account = self.invited(connection, token, now)
        if account is None:
            raise NotAllowed("invitation_over", "This link has been used or has expired; ask for a new one.")
        check_password(password, account.name)
        step = _matching_step(totp_secret, code, now)
        if step is None:
            raise NotAllowed(
                "code_wrong", "The code does not belong to this key; is the phone's clock right?"
            )
        used = connection.execute(
            update(_INVITATION)
            .where(_INVITATION.c.token_hash == _hash(token), _INVITATION.c.used_at.is_(None))
            .values(used_at=now)
        )
        if used.rowcount != 1:
            raise NotAllowed("invitation_over", "This link has been used or has expired; ask for a new one.")
        connection.execute(
            update(_EDITOR)
            .where(_EDITOR.c.id == account.id)
            .values(
                password_hash=_hasher.hash(password),
                totp_secret=self._fernet.encrypt(totp_secret.encode()).decode(),
                totp_step=step,
            )
        )
        return account

    def change_password(self, connection: Connection, account: Account, old: str, new: str) -> None:
        """Set another password, and end the other sessions. Raises NotAllowed."""
        row = connection.execute(select(_EDITOR).where(_EDITOR.c.id == account.id)).one()
        if not _is_password(row.password_hash, old):
            raise NotAllowed("old_password_wrong", "The old password is not right.")
        check_password(new, account.name)
        values = {"password_hash": _hasher.hash(new)}
        connection.execute(update(_EDITOR).where(_EDITOR.c.id == account.id).values(values))
        self.end_sessions(connection, account.id)

    def is_password(self, connection: Connection, account: Account, password: str) -> bool:
        """Whether this is an account's password."""
        row = connection.execute(select(_EDITOR).where(_EDITOR.c.id == account.id)).one()
        return _is_password(row.password_hash, password)

    # Logging in.

    def check_attempts(self, connection: Connection, name: str, address: str, now: datetime.datetime) -> None:
        """Raises TooSoon if this account, or this address, has failed too often."""
        keys = self._attempt_keys(name, address)
        until = connection.execute(
            select(func.max(_ATTEMPT.c.until)).where(_ATTEMPT.c.key.in_(keys))
        ).scalar_one_or_none()
        if until is not None and until > now:
            raise TooSoon((until - now).total_seconds())

    def log_in(
        self, connection: Connection, name: str, password: str, code: str, now: datetime.datetime
    ) -> Account | None:
        """The account, if name, password and one-time code belong together; a code works once."""
        row = connection.execute(
            select(_EDITOR).where(_EDITOR.c.name == name.strip().lower()).with_for_update()
        ).one_or_none()
        is_password = _is_password(row.password_hash if row else None, password)
        if row is None or not is_password or row.disabled_at is not None:
            return None
        step = self._step(row, code, now)
        if step is None:
            return None
        connection.execute(update(_EDITOR).where(_EDITOR.c.id == row.id).values(totp_step=step))
        return _account(row)

    def note_attempt(
        self, connection: Connection, name: str, address: str, now: datetime.datetime, *, is_right: bool
    ) -> None:
        """Count a failed login; a right one clears the account's count, not the address's."""
        connection.execute(delete(_ATTEMPT).where(_ATTEMPT.c.seen_at < now - FORGET_FAILURES))
        of_account, of_address = self._attempt_keys(name, address)
        if is_right:
            connection.execute(delete(_ATTEMPT).where(_ATTEMPT.c.key == of_account))
            return
        for key in (of_account, of_address):
            found = connection.execute(
                select(_ATTEMPT.c.failures).where(_ATTEMPT.c.key == key).with_for_update()
            ).scalar_one_or_none()
            failures = (found or 0) + 1
            values = {"failures": failures, "until": now + waiting(failures), "seen_at": now}
            if found is None:
                connection.execute(insert(_ATTEMPT).values(key=key, **values))
            else:
                connection.execute(update(_ATTEMPT).where(_ATTEMPT.c.key == key).values(values))

    def _attempt_keys(self, name: str, address: str) -> tuple[str, str]:
        return self._keyed(f"account:{name.strip().lower()}"), self._keyed(f"address:{address}")

    def _keyed(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()

    def _step(self, row: Row[Any], code: str, now: datetime.datetime) -> int | None:
        if row.totp_secret is None:
            return None
        try:
            secret = self._fernet.decrypt(row.totp_secret.encode()).decode()
        except InvalidToken:  # EDITORS_KEY is another one; a new link mends it
            return None
        step = _matching_step(secret, code, now)
        return step if step is not None and step > row.totp_step else None

    # Sessions.

    def begin_session(self, connection: Connection, account: Account, now: datetime.datetime) -> str:
        """The token of a new session. The cookie that was there before means nothing (fixation)."""
        connection.execute(delete(_SESSION).where(_SESSION.c.ends_at < now))
        token = secrets.token_urlsafe(32)
        connection.execute(
            insert(_SESSION).values(
                token_hash=_hash(token), editor_id=account.id, created_at=now, seen_at=now,
                ends_at=now + LONGEST,
            )
        )  # fmt: skip
        return token

    def of_session(self, connection: Connection, token: str, now: datetime.datetime) -> Account | None:
        """Whose session a token is, while it lasts; it is seen to be used."""
        query = (
            select(_EDITOR, _SESSION.c.seen_at, _SESSION.c.token_hash)
            .join(_SESSION, _SESSION.c.editor_id == _EDITOR.c.id)
            .where(
                _SESSION.c.token_hash == _hash(token),
                _SESSION.c.seen_at > now - IDLE,
                _SESSION.c.ends_at > now,
                _EDITOR.c.disabled_at.is_(None),
            )
        )
        row = connection.execute(query).one_or_none()
        if row is None:
            return None
        if row.seen_at < now - SEEN_EVERY:
            seen = update(_SESSION).where(_SESSION.c.token_hash == row.token_hash).values(seen_at=now)
            connection.execute(seen)
        return _account(row)

    def end_session(self, connection: Connection, token: str) -> None:
        """Log out."""
        connection.execute(delete(_SESSION).where(_SESSION.c.token_hash == _hash(token)))

    def end_sessions(self, connection: Connection, editor_id: int) -> None:
        """Log out everywhere."""
        connection.execute(delete(_SESSION).where(_SESSION.c.editor_id == editor_id))


def check_password(password: str, name: str) -> None:
    """Raises NotAllowed if a password is too short, too long, or the name itself."""
    if len(password) < PASSWORD_LEAST:
        raise NotAllowed(
            "password_short",
            f"A password has at least {PASSWORD_LEAST} characters.",
        )
    if len(password) > PASSWORD_MOST:
        raise NotAllowed("password_long", f"A password has at most {PASSWORD_MOST} characters.")
    if name in password.lower() or len(set(password)) < 5:
        raise NotAllowed("password_easy", "This password is too easy to guess.")


def new_totp_secret() -> str:
    """A new secret of one-time codes, in base 32."""
    return pyotp.random_base32()


def totp_address(secret: str, name: str) -> str:
    """What an app for one-time codes reads from a picture or a link (otpauth://)."""
    return pyotp.utils.build_uri(secret, name, issuer=ISSUER)


def waiting(failures: int) -> datetime.timedelta:
    """How long nothing is looked at after so many failures."""
    if failures < FREE_FAILURES:
        return datetime.timedelta()
    doublings = min(failures - FREE_FAILURES, 20)
    return min(WAIT_FIRST * int(2**doublings), WAIT_MOST)


def _matching_step(secret: str, code: str, now: datetime.datetime) -> int | None:
    """The 30 seconds of which the code is, now or just before or after; None if of none."""
    try:
        totp = pyotp.TOTP(secret)
        current = totp.timecode(now)
        candidates = [(step, totp.generate_otp(step)) for step in (current, current - 1, current + 1)]
    except ValueError:  # it comes back from a form, and may be anything
        return None
    digits = "".join(c for c in code if c.isascii() and c.isdigit())
    for step, expected in candidates:
        if hmac.compare_digest(expected, digits):
            return step
    return None


def _is_password(stored: str | None, password: str) -> bool:
    try:
        is_right = _hasher.verify(stored or _NOBODYS_HASH, password[: PASSWORD_MOST + 1])
    except VerificationError:
        return False
    return is_right and stored is not None


def _rights(account: Account) -> dict[str, object]:
    return {
        "full_name": account.full_name,
        "email": account.email,
        "may_write": account.may_write,
        "may_approve": account.may_approve,
        "may_administer": account.may_administer,
        "offices": _listed(account.offices),
    }


def _listed(offices: Iterable[str] | None) -> list[str] | None:
    return None if offices is None else sorted(offices)


def _account(row: Row[Any]) -> Account:
    return Account(
        id=row.id,
        name=row.name,
        full_name=row.full_name,
        email=row.email,
        may_write=row.may_write,
        may_approve=row.may_approve,
        may_administer=row.may_administer,
        offices=None if row.offices is None else frozenset(row.offices),
        language=Language(row.language),
        is_disabled=row.disabled_at is not None,
        has_password=row.password_hash is not None,
    )


def _hash(token: str) -> str:
    """Tokens are 256 random bits, so a plain hash hides them."""
    return hashlib.sha256(token.encode()).hexdigest()
