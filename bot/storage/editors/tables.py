"""The tables of the editors' pages, in a database of their own.

They are about officials who edit, never about citizens. Drafts, comments and publications are the city's
records; a session, an attempt and a presence pass within a day.

Each table says what it tells of editors, for how long at most it does, and whether it is in backups; a test
fills it and looks.
"""

from __future__ import annotations

import datetime

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from bot.storage.models import JsonObject, PersonalData, UtcDateTime

ID_LENGTH = 128
"""Characters of an answer's id, or of the name of another thing that is edited (`offices`, `messages`)."""


def about_editors(
    nothing: str,
    person: str = "",
    keys: str = "",
    kept: datetime.timedelta | None = None,
    *,
    in_backup: bool = True,
) -> dict[str, dict[str, PersonalData]]:
    """What a table tells of editors, in `Table.info`; kept: None as long as the answers are, for the city has
    to know who said what."""
    told = PersonalData(nothing=nothing, person=person, keys=keys, kept=kept, in_backup=in_backup)
    return {"info": {"personal_data": told}}


class EditorsBase(DeclarativeBase):
    """The one set of tables of the editors' pages."""

    type_annotation_map = {datetime.datetime: UtcDateTime}  # noqa: RUF012


class Editor(EditorsBase):
    """An account.

    offices: keys of content/offices.yml whose answers they work on; None: of every office.
    totp_secret: of the one-time codes, encrypted; totp_step: the last one used, so that none works twice.
    disabled_at: since then nobody can log in with it; the row stays, because the history names it.
    """

    __tablename__ = "editor"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    full_name: Mapped[str] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Text)
    may_write: Mapped[bool]
    may_approve: Mapped[bool]
    may_administer: Mapped[bool]
    offices: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    password_hash: Mapped[str | None] = mapped_column(Text)
    totp_secret: Mapped[str | None] = mapped_column(Text)
    totp_step: Mapped[int] = mapped_column(default=0)
    language: Mapped[str] = mapped_column(String(2), default="vi")
    created_at: Mapped[datetime.datetime]
    disabled_at: Mapped[datetime.datetime | None]

    __table_args__ = about_editors(
        nothing="id may_write may_approve may_administer offices totp_step language created_at disabled_at",
        person="name full_name email",
        keys="password_hash totp_secret",
    )


class Invitation(EditorsBase):
    """A link that lets its bearer set a password and a second factor, once. Only its hash is kept."""

    __tablename__ = "invitation"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    editor_id: Mapped[int] = mapped_column(ForeignKey("editor.id", ondelete="CASCADE"))
    expires_at: Mapped[datetime.datetime]
    used_at: Mapped[datetime.datetime | None]

    __table_args__ = about_editors(
        nothing="expires_at used_at",
        person="editor_id",
        keys="token_hash",
        kept=datetime.timedelta(days=33),
        in_backup=False,
    )


class Passkey(EditorsBase):
    """A passkey of an editor (WebAuthn), in place of password and code."""

    __tablename__ = "passkey"

    credential_id: Mapped[str] = mapped_column(String(512), primary_key=True)
    editor_id: Mapped[int] = mapped_column(ForeignKey("editor.id", ondelete="CASCADE"), index=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int]
    name: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime.datetime]

    __table_args__ = about_editors(
        nothing="sign_count created_at",
        person="editor_id name credential_id public_key",
    )


class Session(EditorsBase):
    """A login, by the hash of what the cookie holds."""

    __tablename__ = "session"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    editor_id: Mapped[int] = mapped_column(ForeignKey("editor.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime.datetime]
    seen_at: Mapped[datetime.datetime]
    ends_at: Mapped[datetime.datetime]

    __table_args__ = about_editors(
        nothing="created_at seen_at ends_at",
        person="editor_id",
        keys="token_hash",
        kept=datetime.timedelta(hours=12),
        in_backup=False,
    )


class Attempt(EditorsBase):
    """Failed logins of an account or from an address; until: when the next one is looked at.

    key: a keyed hash, so that addresses cannot be read.
    """

    __tablename__ = "attempt"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int]
    until: Mapped[datetime.datetime]
    seen_at: Mapped[datetime.datetime]

    __table_args__ = about_editors(
        nothing="failures until seen_at",
        person="key",
        kept=datetime.timedelta(days=1),
        in_backup=False,
    )


class Draft(EditorsBase):
    """What is to become of an answer, or of another file of content/.

    answer_id: of the answer; `offices`, `wards` and `messages` are drafts, too.
    revision: grows with each save. base_file: the revision of the file that it began from, if any.
    value: as the file would have it. state: writing, submitted, approved.
    changed_by: everybody who changed it since it began, none of whom may approve it.
    """

    __tablename__ = "draft"

    answer_id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    revision: Mapped[int]
    base_file: Mapped[str] = mapped_column(String(64))
    value: Mapped[JsonObject] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(Text, default="")
    changed_by: Mapped[list[int]] = mapped_column(JSON)
    updated_by: Mapped[int] = mapped_column(ForeignKey("editor.id"))
    updated_at: Mapped[datetime.datetime]
    submitted_by: Mapped[int | None] = mapped_column(ForeignKey("editor.id"))
    submitted_at: Mapped[datetime.datetime | None]
    approved_by: Mapped[int | None] = mapped_column(ForeignKey("editor.id"))

    __table_args__ = about_editors(
        nothing="answer_id revision base_file value state note updated_at submitted_at",
        person="changed_by updated_by submitted_by approved_by",
    )


class DraftVersion(EditorsBase):
    """An earlier revision of a draft, so that whoever began from it can be told what changed."""

    __tablename__ = "draft_version"

    answer_id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    base_file: Mapped[str] = mapped_column(String(64))
    value: Mapped[JsonObject] = mapped_column(JSON)
    editor_id: Mapped[int] = mapped_column(ForeignKey("editor.id"))
    at: Mapped[datetime.datetime]

    __table_args__ = about_editors(
        nothing="answer_id revision base_file value at",
        person="editor_id",
    )


class Autosave(EditorsBase):
    """What an editor has typed in one tab and not saved yet. It never meets anybody else's."""

    __tablename__ = "autosave"

    answer_id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    editor_id: Mapped[int] = mapped_column(ForeignKey("editor.id", ondelete="CASCADE"), primary_key=True)
    tab: Mapped[str] = mapped_column(String(32), primary_key=True)
    base_draft: Mapped[int]
    base_file: Mapped[str] = mapped_column(String(64))
    value: Mapped[JsonObject] = mapped_column(JSON)
    saved_at: Mapped[datetime.datetime]

    __table_args__ = about_editors(
        nothing="answer_id tab base_draft base_file value saved_at",
        person="editor_id",
        kept=datetime.timedelta(days=30),
        in_backup=False,
    )


class Comment(EditorsBase):
    """A remark on a field of a draft; field: its path, empty for the whole."""

    __tablename__ = "comment"

    id: Mapped[int] = mapped_column(primary_key=True)
    answer_id: Mapped[str] = mapped_column(String(ID_LENGTH), index=True)
    field: Mapped[str] = mapped_column(String(64), default="")
    text: Mapped[str] = mapped_column(Text)
    editor_id: Mapped[int] = mapped_column(ForeignKey("editor.id"))
    at: Mapped[datetime.datetime]
    resolved_at: Mapped[datetime.datetime | None]

    __table_args__ = about_editors(
        nothing="id answer_id field text at resolved_at",
        person="editor_id",
    )


class Presence(EditorsBase):
    """Who has an answer's page open in which tab, and whether something there is not saved."""

    __tablename__ = "presence"

    answer_id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    editor_id: Mapped[int] = mapped_column(ForeignKey("editor.id", ondelete="CASCADE"), primary_key=True)
    tab: Mapped[str] = mapped_column(String(32), primary_key=True)
    seen_at: Mapped[datetime.datetime]
    is_unsaved: Mapped[bool]

    __table_args__ = about_editors(
        nothing="answer_id tab seen_at is_unsaved",
        person="editor_id",
        kept=datetime.timedelta(seconds=30),
        in_backup=False,
    )


class Publication(EditorsBase):
    """A file that was written: the history where there is no git, and who answers for it.

    kind: publish, schedule, withdraw, replace. changed_by: everybody who had a hand in it, none of whom is
    the somebody else who looks. reason: why it went out before somebody else had looked; looked_at,
    looked_by: who looked later. commit: its name, where content/ is in git. understood_at: since when the
    model that answers knows it.
    """

    __tablename__ = "publication"

    id: Mapped[int] = mapped_column(primary_key=True)
    answer_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    at: Mapped[datetime.datetime]
    editor_id: Mapped[int] = mapped_column(ForeignKey("editor.id"))
    changed_by: Mapped[list[int]] = mapped_column(JSON)
    approved_by: Mapped[int | None] = mapped_column(ForeignKey("editor.id"))
    kind: Mapped[str] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(Text, default="")
    reason: Mapped[str | None] = mapped_column(Text)
    looked_at: Mapped[datetime.datetime | None]
    looked_by: Mapped[int | None] = mapped_column(ForeignKey("editor.id"))
    before: Mapped[str] = mapped_column(Text)
    after: Mapped[str] = mapped_column(Text)
    commit: Mapped[str | None] = mapped_column(String(64))
    understood_at: Mapped[datetime.datetime | None]

    __table_args__ = (
        Index("ix_publication_answer", "answer_id", "id"),
        about_editors(
            nothing="id answer_id at kind note reason looked_at before after commit understood_at",
            person="editor_id changed_by approved_by looked_by",
        ),
    )


class InStep(EditorsBase):
    """The two languages of an answer as they were when they last said the same.

    sides: by language, the fields that a citizen reads. behind_since: when one of them was first seen to be
    behind the other; NULL while none is.
    """

    __tablename__ = "in_step"

    answer_id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    sides: Mapped[JsonObject] = mapped_column(JSON)
    behind_since: Mapped[datetime.datetime | None]

    __table_args__ = about_editors(
        nothing="answer_id sides behind_since",
    )


class Reminder(EditorsBase):
    """A review that an editor was reminded of by mail, so that it is done once for each date."""

    __tablename__ = "reminder"

    answer_id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    review_by: Mapped[str] = mapped_column(String(10), primary_key=True)
    editor_id: Mapped[int] = mapped_column(ForeignKey("editor.id", ondelete="CASCADE"), primary_key=True)
    sent_at: Mapped[datetime.datetime]

    __table_args__ = about_editors(
        nothing="answer_id review_by sent_at",
        person="editor_id",
    )


class AuditEntry(EditorsBase):
    """Who did what, kept for two years. detail never holds a secret."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime.datetime] = mapped_column(index=True)
    editor: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(ID_LENGTH))
    detail: Mapped[JsonObject] = mapped_column(JSON)

    __table_args__ = about_editors(
        nothing="id at action",
        person="editor subject detail",
        kept=datetime.timedelta(days=2 * 365),
    )
