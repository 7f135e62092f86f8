"""Pictures that come by Zalo, both ways: which are read, and from where they are fetched."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from bot.channels.contract import PictureGone, TryLater
from bot.channels.zalo import events as oa
from bot.channels.zalo_bot import events as bot
from bot.channels.zalo_pictures import download, is_zalos
from bot.reading.limits import BYTES_MOST
from stand_ins import zalo, zalo_bot
from stand_ins.failures import Failure
from stand_ins.server import PlatformServer
from stand_ins.serving import serving

PICTURE = "https://photo-stal-27.zdn.vn/gr/jpg/4465/2aOb.jpg"
API = "https://openapi.zalo.me"


LONG = {"payload": {"url": "https://a.zdn.vn/" + "x" * 3000}}


class TestAnEvent:
    def read(self, **message: Any) -> Any:
        event = oa.Event.model_validate(
            {
                "event_name": "user_send_image", "timestamp": "1", "sender": {"id": "7"},
                "recipient": {"id": "9"}, "message": {"msg_id": "m", **message},
            }
        )  # fmt: skip
        return oa.EventReader(lambda name: name).message(event)

    def test_an_image_is_read_from_its_address(self) -> None:
        image = {"type": "image", "payload": {"url": PICTURE, "thumbnail": "https://t.zdn.vn/t.jpg"}}
        message = self.read(attachments=[image])
        assert (message.pictures, message.unreadable) == ((PICTURE,), True)

    def test_a_text_beside_it_is_the_question(self) -> None:
        message = self.read(text="Đúng không?", attachments=[{"type": "image", "payload": {"url": PICTURE}}])
        assert (message.text, message.pictures, message.unreadable) == ("Đúng không?", (PICTURE,), False)

    def test_those_sent_at_once_belong_together(self) -> None:
        image = {"type": "image", "payload": {"url": PICTURE}}
        assert self.read(attachments=[image]).part_of == self.read(attachments=[image]).part_of is not None

    @pytest.mark.parametrize(
        "attachments",
        [
            None,
            [],
            "x",
            [None],
            [{"payload": None}],
            [{"payload": {"url": 7}}],
            [LONG],
        ],
    )
    def test_one_without_an_address_cannot_be_read(self, attachments: object) -> None:
        message = self.read(attachments=attachments)
        assert (message.pictures, message.part_of, message.unreadable) == ((), None, True)


class TestABotsEvent:
    def read(self, **more: object) -> Any:
        said = {"from": {"id": "7"}, "chat": {"id": "7"}, "message_id": "m", **more}
        event = bot.event_in({"event_name": "message.image.received", "message": said})
        assert event
        return bot.EventReader("me", lambda name: name).message(event)

    @pytest.mark.parametrize("field", ["photo", "photo_url"])
    def test_a_photo_is_read_from_its_address(self, field: str) -> None:
        message = self.read(**{field: PICTURE}, caption="Đúng không?")
        assert (message.text, message.pictures) == ("Đúng không?", (PICTURE,))

    @pytest.mark.parametrize("photo", [None, 7, [], {"url": PICTURE}, "x" * 3000])
    def test_any_other_cannot_be_read(self, photo: object) -> None:
        message = self.read(photo=photo)
        assert (message.pictures, message.unreadable) == ((), True)


@pytest.mark.parametrize("address", [PICTURE, "https://b-f64-zpg-r.zdn.vn/8/7c.jpg", f"{API}/a.jpg"])
def test_zalos_files_are_fetched(address: str) -> None:
    assert is_zalos(address, API)


@pytest.mark.parametrize(
    "address",
    [
        "http://photo.zdn.vn/a.jpg", "https://zdn.vn.evil.example/a", "https://evilzdn.vn/a", "file:///etc/passwd",
        "https://photo.zdn.vn@169.254.169.254/latest", "https://169.254.169.254/latest/meta-data",
        "https://photo.zdn.vn:8443/a", "https://user:pass@photo.zdn.vn/a", "http://127.0.0.1:5005/status",
        "https://localhost/a", "gopher://photo.zdn.vn/", "//photo.zdn.vn/a", "photo.zdn.vn/a", "", "https://",
        "https://photo.zdn.vn\\@evil.example/a", "https://[::1]/a", "http://openapi.zalo.me.evil.example/",
        "https://xn--zdn-vn.example/a", "\x00", "https://photo.zdn.vn#@evil.example:1/",
    ],
)  # fmt: skip
async def test_nothing_else_is(address: str) -> None:
    if address.startswith("https://photo.zdn.vn#"):
        assert is_zalos(address, API)  # what stands behind # is no part of where it goes
        return
    with pytest.raises(PictureGone):
        await download(address, API)


PLATFORMS: list[Callable[[], PlatformServer]] = [zalo.StandIn, zalo_bot.StandIn]


@pytest.fixture(params=PLATFORMS, ids=["Official Account", "bot"])
async def platform(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Any, str]]:
    """Zalo, and its address."""
    stand_in = request.param()
    async with serving(stand_in.app()) as url:
        yield stand_in, url
        await stand_in.close()


class TestFetching:
    async def test_it_is_fetched_without_anything_of_ours(self, platform: tuple[Any, str]) -> None:
        stand_in, url = platform
        stand_in.pictures["a.jpg"] = b"its bytes"
        assert await download(f"{url}/picture/a.jpg", url) == b"its bytes"
        (call,) = stand_in.called("picture")
        assert not {"access_token", "authorization", "cookie"} & call.parameters["headers"].keys()

    async def test_what_is_no_longer_there_is_gone(self, platform: tuple[Any, str]) -> None:
        _, url = platform
        with pytest.raises(PictureGone):
            await download(f"{url}/picture/old.jpg", url)

    async def test_so_is_what_is_too_large(self, platform: tuple[Any, str]) -> None:
        stand_in, url = platform
        stand_in.pictures["a.jpg"] = bytes(BYTES_MOST + 1)
        with pytest.raises(PictureGone, match="large"):
            await download(f"{url}/picture/a.jpg", url)

    @pytest.mark.parametrize("status", [301, 302, 307])
    async def test_no_redirect_is_followed(self, platform: tuple[Any, str], status: int) -> None:
        stand_in, url = platform
        stand_in.failures.plan("picture", Failure(status, {}))
        with pytest.raises(PictureGone):
            await download(f"{url}/picture/a.jpg", url)

    @pytest.mark.parametrize("status", [429, 500, 503])
    async def test_where_zalo_is_busy_it_is_for_later(self, platform: tuple[Any, str], status: int) -> None:
        stand_in, url = platform
        stand_in.failures.plan("picture", Failure(status, {}))
        with pytest.raises(TryLater):
            await download(f"{url}/picture/a.jpg", url)

    async def test_where_nobody_answers_it_is_for_later(self) -> None:
        with pytest.raises(TryLater):
            await download("http://127.0.0.1:9/a.jpg", "http://127.0.0.1:9")
