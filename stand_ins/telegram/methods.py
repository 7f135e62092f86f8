"""The methods of the Bot API that the bot may call, with what each requires.

Stricter than Telegram: a parameter that is not in the Bot API is refused, not ignored.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, Json, StringConstraints, model_validator


class Strict(BaseModel):
    """A call's parameters, or a part of them."""

    model_config = ConfigDict(extra="forbid")


Limited = StringConstraints
Language = Annotated[str, Limited(pattern=r"^([a-z]{2})?$")]
_Kinds = Json[
    list[
        Literal[
            "message", "edited_message", "callback_query", "my_chat_member", "inline_query", "guest_message"
        ]
    ]
]


class Button(Strict):
    """A button under a message. It does exactly one thing."""

    text: Annotated[str, Limited(min_length=1)]
    url: Annotated[str, Limited(pattern=r"^(https?|tg)://\S+$")] | None = None
    callback_data: str | None = None

    @model_validator(mode="after")
    def _does_one_thing(self) -> Button:
        if (self.url is None) == (self.callback_data is None):
            raise ValueError("Text buttons are unallowed in the inline keyboard")
        if self.callback_data is not None and not 1 <= len(self.callback_data.encode()) <= 64:
            raise ValueError("BUTTON_DATA_INVALID")
        return self


class Keyboard(Strict):
    """The buttons under a message."""

    inline_keyboard: list[Annotated[list[Button], Field(min_length=1, max_length=8)]]

    @model_validator(mode="after")
    def _is_small(self) -> Keyboard:
        if sum(map(len, self.inline_keyboard)) > 100:
            raise ValueError("REPLY_MARKUP_TOO_LONG")
        return self


class LinkPreview(Strict):
    """Whether the first link of a text is shown with a picture."""

    is_disabled: bool = False


class TextContent(Strict):
    """What a result puts into the chat."""

    message_text: Annotated[str, Limited(min_length=1)]
    parse_mode: Literal["HTML"] | None = None
    link_preview_options: LinkPreview | None = None


class Article(Strict):
    """A result that is a text; the only kind that the bot may give."""

    type: Literal["article"]
    id: str
    title: Annotated[str, Limited(min_length=1)]
    input_message_content: TextContent
    reply_markup: Keyboard | None = None
    url: Annotated[str, Limited(pattern=r"^https?://\S+$")] | None = None
    description: str | None = None
    thumbnail_url: Annotated[str, Limited(pattern=r"^https?://\S+$")] | None = None
    thumbnail_width: int | None = None
    thumbnail_height: int | None = None

    @model_validator(mode="after")
    def _has_an_id(self) -> Article:
        if not 1 <= len(self.id.encode()) <= 64:
            raise ValueError("RESULT_ID_INVALID")
        return self


class ResultsButton(Strict):
    """What stands above the results: it opens the private chat."""

    text: Annotated[str, Limited(min_length=1)]
    start_parameter: Annotated[str, Limited(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class AnswerInlineQuery(Strict):
    """Results for what somebody types behind the bot's name."""

    inline_query_id: str
    results: Json[Annotated[list[Article], Field(max_length=50)]]
    cache_time: Annotated[int, Field(ge=0)] = 300
    is_personal: bool = False
    next_offset: Annotated[str, Limited(max_length=64)] = ""
    button: Json[ResultsButton] | None = None

    @model_validator(mode="after")
    def _are_different(self) -> AnswerInlineQuery:
        if len({result.id for result in self.results}) < len(self.results):
            raise ValueError("RESULT_ID_DUPLICATE")
        return self


class AnswerGuestQuery(Strict):
    """The one message with which a guest answers (Bot API 10.0)."""

    guest_query_id: str
    result: Json[Article]


class GetMe(Strict):
    """Who am I?"""


class GetFile(Strict):
    """As the Bot API has it."""

    file_id: Annotated[str, Limited(min_length=1)]


class GetUpdates(Strict):
    """Long polling."""

    offset: int = 0
    limit: Annotated[int, Field(ge=1, le=100)] = 100
    timeout: Annotated[int, Field(ge=0, le=50)] = 0
    allowed_updates: _Kinds | None = None


class SetWebhook(Strict):
    """Push updates instead. A stand-in accepts http, as the server's local mode does."""

    url: Annotated[str, Limited(pattern=r"^(https?://\S+)?$")]
    secret_token: Annotated[str, Limited(pattern=r"^[A-Za-z0-9_-]{1,256}$")] | None = None
    max_connections: Annotated[int, Field(ge=1, le=100)] = 40
    allowed_updates: _Kinds | None = None
    drop_pending_updates: bool = False


class DeleteWebhook(Strict):
    """Push no more."""

    drop_pending_updates: bool = False


class SendMessage(Strict):
    """A text."""

    chat_id: int
    text: str
    parse_mode: Literal["HTML"] | None = None
    message_thread_id: int | None = None
    disable_notification: bool = False
    link_preview_options: Json[LinkPreview] | None = None
    reply_markup: Json[Keyboard] | None = None


class SendPhoto(Strict):
    """A picture with a caption: an address that Telegram fetches, or what was uploaded, as Base64."""

    chat_id: int
    photo: str
    caption: str = ""
    parse_mode: Literal["HTML"] | None = None
    message_thread_id: int | None = None
    disable_notification: bool = False
    reply_markup: Json[Keyboard] | None = None


class SendChatAction(Strict):
    """ "Typing"."""

    chat_id: int
    action: Literal["typing"]
    message_thread_id: int | None = None


class AnswerCallbackQuery(Strict):
    """Stops the progress bar of a pressed button."""

    callback_query_id: str
    text: Annotated[str, Limited(max_length=200)] = ""


class Command(Strict):
    """An entry of the menu."""

    command: Annotated[str, Limited(pattern=r"^[a-z0-9_]{1,32}$")]
    description: Annotated[str, Limited(min_length=1, max_length=256)]


class SetMyCommands(Strict):
    """The menu."""

    commands: Json[Annotated[list[Command], Field(max_length=100)]]
    language_code: Language = ""


class SetMyDescription(Strict):
    """What stands in the empty chat."""

    description: Annotated[str, Limited(max_length=512)] = ""
    language_code: Language = ""


class SetMyShortDescription(Strict):
    """What stands on the profile."""

    short_description: Annotated[str, Limited(max_length=120)] = ""
    language_code: Language = ""


class SetChatMenuButton(Strict):
    """The button beside the input."""

    chat_id: int | None = None
    menu_button: Json[dict[str, Any]] | None = None


class SetMySettings(Strict):
    """What the bot may do (Bot API 10.5); what is left out stays as it is."""

    supports_inline_queries: bool | None = None
    inline_query_placeholder: Annotated[str, Limited(max_length=64)] | None = None
    needs_inline_query_location: bool | None = None
    inline_feedback_share_denominator: int | None = None
    can_join_groups: bool | None = None
    can_read_all_group_messages: bool | None = None
    can_connect_to_business: bool | None = None
    can_manage_bots: bool | None = None
    supports_guest_queries: bool | None = None
    supports_join_request_queries: bool | None = None
    has_topics_enabled: bool | None = None
    allows_users_to_create_topics: bool | None = None
    has_topic_sidebar: bool | None = None
    can_communicate_with_bots: bool | None = None
    callback_query_mode: str | None = None


METHODS: dict[str, type[Strict]] = {
    method.__name__[0].lower() + method.__name__[1:]: method
    for method in (
        GetMe, GetUpdates, SetWebhook, DeleteWebhook, SendMessage, SendPhoto, SendChatAction,
        AnswerCallbackQuery, SetMyCommands, SetMyDescription, SetMyShortDescription, SetChatMenuButton,
        SetMySettings, AnswerInlineQuery, AnswerGuestQuery, GetFile,
    )
}  # fmt: skip
