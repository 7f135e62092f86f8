"""Passkeys (WebAuthn, https://www.w3.org/TR/webauthn-3/): they log in in place of password and code.

The authenticator checks who holds it (a fingerprint, a PIN), so a passkey is two factors. A challenge is kept
nowhere: it goes to the browser encrypted and comes back with the answer, for five minutes, once.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from threading import Lock
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import Connection, delete, insert, select, update
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from bot.desk.accounts import ISSUER, Account, Accounts, NotAllowed
from bot.storage.editors.tables import Passkey as PasskeyTable

LASTS = datetime.timedelta(minutes=5)
"""How long a challenge can be answered."""

PASSKEYS_MOST = 10
"""Passkeys of an account."""

NAME_MOST = 60

_PASSKEY: Any = PasskeyTable.__table__


@dataclass(frozen=True, slots=True)
class Place:
    """Where the pages are. host: to which a passkey is kept, without the port; origin: scheme, host, port."""

    host: str
    origin: str


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey, as its owner knows it."""

    credential_id: str
    name: str
    created_at: datetime.datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """What a browser is to ask the authenticator (JSON), and what it has to send back beside the answer."""

    options: str
    token: str


class Passkeys:
    """The passkeys in a database of the editors' pages; with a connection, one transaction's work."""

    def __init__(self, key: str, accounts: Accounts) -> None:
        """`key` (EDITORS_KEY) encrypts challenges on their way."""
        self._fernet = Fernet(key)
        self._key = key.encode()
        self._accounts = accounts
        self._lock = Lock()
        self._answered: dict[bytes, datetime.datetime] = {}

    def of(self, connection: Connection, editor_id: int) -> list[Passkey]:
        """An editor's passkeys, the oldest first."""
        query = (
            select(_PASSKEY)
            .where(_PASSKEY.c.editor_id == editor_id)
            .order_by(_PASSKEY.c.created_at, _PASSKEY.c.credential_id)
        )
        return [Passkey(row.credential_id, row.name, row.created_at) for row in connection.execute(query)]

    def ask_to_add(
        self, connection: Connection, account: Account, place: Place, now: datetime.datetime
    ) -> Asked:
        """What a browser needs to make a passkey. Raises NotAllowed: there are enough."""
        known = self.of(connection, account.id)
        if len(known) >= PASSKEYS_MOST:
            raise NotAllowed("passkeys_most", f"An account has at most {PASSKEYS_MOST} passkeys.")
        challenge = secrets.token_bytes(32)
        options = generate_registration_options(
            rp_id=place.host, rp_name=ISSUER, user_name=account.name, user_display_name=account.full_name,
            user_id=hmac.new(self._key, f"passkey:{account.id}".encode(), hashlib.sha256).digest(),
            challenge=challenge,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[
                PublicKeyCredentialDescriptor(id=base64url_to_bytes(one.credential_id)) for one in known
            ],
        )  # fmt: skip
        return Asked(options_to_json(options), self._sealed(f"add:{account.id}", challenge, now))

    def add(
        self, connection: Connection, account: Account, place: Place, token: str, answer: str, name: str,
        now: datetime.datetime,
    ) -> None:  # fmt: skip
        """Take a new passkey over.

        Args:
            connection: of the transaction.
            account: whose it is.
            place: where the pages are.
            token: of the question.
            answer: the authenticator's (PublicKeyCredential as JSON).
            name: what its owner calls it.
            now: the time.

        Raises:
            NotAllowed: it does not answer the question, or is known already.
        """
        challenge = self._opened(f"add:{account.id}", token, now)
        try:
            verified = verify_registration_response(
                credential=answer, expected_challenge=challenge, expected_rp_id=place.host,
                expected_origin=place.origin, require_user_verification=True,
            )  # fmt: skip
        except (WebAuthnException, ValueError, TypeError, KeyError) as error:
            raise _not_right() from error
        credential_id = bytes_to_base64url(verified.credential_id)
        known = select(_PASSKEY.c.credential_id).where(_PASSKEY.c.credential_id == credential_id)
        if len(credential_id) > 512 or connection.execute(known).one_or_none():
            raise _not_right()
        connection.execute(
            insert(_PASSKEY).values(
                credential_id=credential_id, editor_id=account.id, public_key=verified.credential_public_key,
                sign_count=verified.sign_count, name=name[:NAME_MOST], created_at=now,
            )
        )  # fmt: skip

    def remove(self, connection: Connection, account: Account, credential_id: str) -> str | None:
        """Forget one of an editor's own passkeys; its name, None if they have no such."""
        removed = connection.execute(
            delete(_PASSKEY)
            .where(_PASSKEY.c.credential_id == credential_id, _PASSKEY.c.editor_id == account.id)
            .returning(_PASSKEY.c.name)
        ).one_or_none()
        return removed.name if removed else None

    def ask_who(self, place: Place, now: datetime.datetime) -> Asked:
        """What a browser needs to log somebody in; it tells nobody which accounts have a passkey."""
        challenge = secrets.token_bytes(32)
        options = generate_authentication_options(
            rp_id=place.host, challenge=challenge, user_verification=UserVerificationRequirement.REQUIRED
        )
        return Asked(options_to_json(options), self._sealed("log_in", challenge, now))

    def log_in(
        self, connection: Connection, place: Place, token: str, answer: str, now: datetime.datetime
    ) -> Account | None:
        """The account whose passkey answered the question; None if none did. An answer works once."""
        try:
            challenge = self._opened("log_in", token, now)
            row = connection.execute(
                select(_PASSKEY).where(_PASSKEY.c.credential_id == credential_of(answer)).with_for_update()
            ).one_or_none()
            if row is None:
                return None
            verified = verify_authentication_response(
                credential=answer, expected_challenge=challenge, expected_rp_id=place.host,
                expected_origin=place.origin, credential_public_key=row.public_key,
                credential_current_sign_count=row.sign_count, require_user_verification=True,
            )  # fmt: skip
        except (NotAllowed, WebAuthnException, ValueError, TypeError, KeyError):
            return None
        account = self._accounts.find(connection, row.editor_id)
        if account is None or account.is_disabled:
            return None
        connection.execute(
            update(_PASSKEY)
            .where(_PASSKEY.c.credential_id == row.credential_id)
            .values(sign_count=verified.new_sign_count)
        )
        return account

    def _sealed(self, purpose: str, challenge: bytes, now: datetime.datetime) -> str:
        text = f"{purpose} {challenge.hex()}"
        return self._fernet.encrypt_at_time(text.encode(), int(now.timestamp())).decode()

    def _opened(self, purpose: str, token: str, now: datetime.datetime) -> bytes:
        """The challenge of a token, which can be answered no more then. Raises NotAllowed."""
        try:
            text = self._fernet.decrypt_at_time(
                token, int(LASTS.total_seconds()), int(now.timestamp())
            ).decode()
        except InvalidToken as error:
            raise _not_right() from error
        given, _, digits = text.partition(" ")
        challenge = bytes.fromhex(digits)
        with self._lock:
            self._answered = {one: at for one, at in self._answered.items() if now - at <= 2 * LASTS}
            if given != purpose or challenge in self._answered:
                raise _not_right()
            self._answered[challenge] = now
        return challenge


def credential_of(answer: str) -> str:
    """Which passkey an answer says that it is of; "" if it says nothing."""
    try:
        loaded = json.loads(answer)
    except ValueError:
        return ""
    credential_id = loaded.get("id") if isinstance(loaded, dict) else None
    return credential_id[:512] if isinstance(credential_id, str) else ""


def _not_right() -> NotAllowed:
    return NotAllowed("passkey_not_right", "The passkey did not answer rightly; try again.")
