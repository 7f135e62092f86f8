"""What can be set of the Zalo channel."""

from __future__ import annotations

from typing import Annotated, Self

from cryptography.fernet import Fernet
from pydantic import AfterValidator, Field, SecretStr, model_validator

from bot.settings import EnvironmentSettings, Secret, Url


def _fernet_key(value: SecretStr) -> SecretStr:
    key = value.get_secret_value()
    try:
        if key:
            Fernet(key)
    except ValueError as error:
        raise ValueError("it is no key; `python -m bot zalo key` prints a new one") from error
    return value


class ZaloSettings(EnvironmentSettings):
    """The app on Zalo, and the Official Account for which it speaks."""

    zalo_app_id: str = Field("", description="Id of the app on Zalo, from Zalo's console; empty: no Zalo")
    zalo_app_secret: Secret = Field(SecretStr(""), description="Secret of the app on Zalo")
    zalo_oa_id: str = Field("", description="Id of the Official Account")
    zalo_oa_secret: Secret = Field(
        SecretStr(""), description="Secret of the Official Account's webhook; empty: set-up mode"
    )
    zalo_token_key: Annotated[SecretStr, AfterValidator(_fernet_key)] = Field(
        SecretStr(""),
        description="Key that encrypts Zalo's tokens in the database; `python -m bot zalo key` makes one",
    )
    zalo_code_verifier: Secret = Field(
        SecretStr(""), description="Verifier of the code challenge that stands in Zalo's console, if one does"
    )
    zalo_template_id: str = Field(
        "",
        description="Approved template by which people are told, for a charge, that the staff has replied; "
        "empty: they see it when they write again",
    )
    zalo_api_url: Url = Field("https://openapi.zalo.me", description="Address of Zalo's OpenAPI")
    zalo_oauth_url: Url = Field("https://oauth.zaloapp.com", description="Address of Zalo's authorisation")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        needed = {
            "ZALO_APP_SECRET": self.zalo_app_secret.get_secret_value(),
            "ZALO_OA_ID": self.zalo_oa_id,
            "ZALO_TOKEN_KEY": self.zalo_token_key.get_secret_value(),
        }
        missing = [name for name, value in needed.items() if self.zalo_app_id and not value]
        if missing:
            raise ValueError(f"ZALO_APP_ID is set, so {', '.join(missing)} has to be set, too")
        return self
