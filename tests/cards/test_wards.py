"""What is said of wards and communes, in both languages."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.answering.dialogue import as_served
from bot.answering.rasa_command import rasa_command
from bot.cards.compose import compose
from bot.content.library import Library
from bot.content.loading import load
from bot.domain.arrival import Arrival
from bot.domain.card import Card
from bot.domain.clock import local_day, utc_now
from bot.domain.language import Language
from bot.domain.plan import Kind, Plan
from tests.support import ROOT

VI, EN = Language.VI, Language.EN


@pytest.fixture(scope="module")
def content() -> Library:
    return load(ROOT / "content").library


def planned(*ids: str, language: Language = VI, **more: object) -> Plan:
    return Plan.model_validate({"reply": Kind.WARD, "language": language, "ids": ids, **more})


def card(library: Library, *ids: str, language: Language = VI, **more: object) -> Card:
    plan = as_served(planned(*ids, language=language, **more), library)
    return compose((plan,), library, local_day(utc_now()), arrival=Arrival.ON_RETURN).cards[0]


def labels(of: Card) -> dict[str, str]:
    return {button.label: button.payload or "" for button in of.buttons}


def test_a_former_unit_is_now_in_another(content: Library) -> None:
    said = card(content, "former:31384")

    assert said.title == "Xã Đông Phước, huyện Châu Thành"
    assert "**Xã Đông Phước** (huyện Châu Thành, Hậu Giang) nay thuộc **xã Phú Hữu**" in said.text
    assert "Nghị quyết 1668/NQ-UBTVQH15 ngày 16/06/2025" in said.text
    assert labels(said)["Xã Phú Hữu gồm những đâu?"] == "ward:31378"
    assert said.map_url == "https://www.google.com/maps/search/?api=1&query=9.9009%2C105.852"
    assert said.ids == ("31378",)
    assert said.sources


def test_the_same_in_english(content: Library) -> None:
    said = card(content, "former:31384", language=EN)

    assert (
        "**Đông Phước commune** (Châu Thành district, Hậu Giang) is now in **Phú Hữu commune**" in said.text
    )
    assert "What was Phú Hữu commune made of?" in labels(said)


def test_papers_have_a_sentence_and_a_button(content: Library) -> None:
    assert "answer:clarification.id-card-after-merger" in labels(card(content, "former:31384")).values()


def test_a_unit_that_was_left_as_it_was_is_told_so(content: Library) -> None:
    said = card(content, "former:31537")
    assert "vẫn giữ nguyên: nay là **xã Phong Nẫm**" in said.text
    assert not any("gồm những đâu" in label for label in labels(said))


def test_a_divided_unit_has_both_and_how_to_find_out(content: Library) -> None:
    said = card(content, "former:31178")

    assert "phường Cái Khế, phường Bình Thủy" in said.text
    assert "VNeID" in said.text
    assert {"ward:31120", "ward:31168"} <= set(labels(said).values())
    assert said.map_url is None


def test_a_unit_of_today_says_what_it_was_made_of(content: Library) -> None:
    said = card(content, "31183")

    assert "- phường Long Hòa, quận Bình Thủy, Cần Thơ" in said.text
    assert "- phường Long Tuyền, quận Bình Thủy, Cần Thơ (một phần)" in said.text


def test_several_of_one_name_are_told_with_their_districts_and_offered(content: Library) -> None:
    said = card(content, "former:31408", "former:31438", "former:31741", language=EN)

    assert "- Tân Long commune, Phụng Hiệp district, Hậu Giang: now in **Thạnh Hòa commune**" in said.text
    assert labels(said)["Tân Long commune, Ngã Năm town"] == "ward:former:31741"


def test_a_number_stands_before_or_behind_as_the_language_has_it(content: Library) -> None:
    assert card(content, "former:31504", language=EN).title == "Ward 8, Sóc Trăng city"
    assert card(content, "former:31504").title == "Phường 8, thành phố Sóc Trăng"


def test_a_district_is_no_more_and_its_wards_come_page_by_page(content: Library) -> None:
    first = card(content, "district:hau-giang.huyen-phung-hiep")
    more = labels(first)["Xem thêm"]

    assert "không còn cấp quận, huyện" in first.text
    assert more == "ward:district:hau-giang.huyen-phung-hiep:2"
    assert rasa_command(more, content) == (
        '/ward{"ward": "district:hau-giang.huyen-phung-hiep", "page": "2", "answer": "city.my-ward"}'
    )
    second = card(content, "district:hau-giang.huyen-phung-hiep", page=2)
    assert labels(second)["Quay lại"] == "ward:district:hau-giang.huyen-phung-hiep"
    assert set(labels(second)) - set(labels(first))


def test_what_is_not_in_the_table_gets_an_honest_sentence(content: Library) -> None:
    said = card(content, "district:can-tho.quan-ninh-kieu", reason="not_in_table")

    assert "không thấy tên này" in said.text
    assert labels(said)["Quận Ninh Kiều"] == "ward:district:can-tho.quan-ninh-kieu"
    assert said.ids == ()


def test_an_address_stands_above_the_same_with_the_names_of_today(content: Library) -> None:
    said = card(content, "former:31423", address=("Ấp 3, ", "xã Hòa An, huyện Phụng Hiệp"))

    assert said.text.startswith("Địa chỉ cũ: Ấp 3, xã Hòa An, huyện Phụng Hiệp")
    assert "**Ấp 3, xã Hòa An, thành phố Cần Thơ**" in said.text


def test_what_is_typed_is_no_markup(content: Library) -> None:
    said = card(content, "former:31423", address=("[x](http://a.vn) <b>, ", "xã Hòa An"))
    assert r"\[x\](http://a.vn) \<b\>" in said.text


def test_the_address_of_a_divided_unit_is_not_guessed(content: Library) -> None:
    assert "Địa chỉ cũ" not in card(content, "former:31178", address=("Số 1, ", "phường BHN")).text


def test_a_known_office_is_told(content: Library) -> None:
    assert content.wards
    ward = content.wards.now["31378"]
    office = {"address": "Số 1, xã Phú Hữu", "phone": "0293 1", "source": {"title": "x"}}
    known = ward.model_validate({**ward.model_dump(), "office": office})
    units = tuple(known if one is ward else one for one in content.wards.units)
    wards = content.wards.model_validate(
        {**content.wards.model_dump(), "units": [u.model_dump() for u in units]}
    )

    said = card(replace(content, wards=wards), "31378")

    assert "- Địa chỉ: Số 1, xã Phú Hữu\n- Điện thoại: 0293 1" in said.text


@pytest.mark.parametrize("language", Language)
def test_every_place_of_the_table_has_a_card_whose_buttons_lead_on(
    content: Library, language: Language
) -> None:
    wards = content.wards
    assert wards
    places = [*wards.now, *(f"former:{code}" for code in wards.former)]
    places += [f"district:{district}" for district in wards.districts]
    for place in places:
        said = card(content, place, language=language)
        assert "{" not in said.text
        for button in said.buttons:
            assert button.payload
            assert len(button.payload) <= 64
            assert rasa_command(button.payload, content), button.payload


def test_a_location_names_the_nearest_ones_with_probably(content: Library) -> None:
    said = card(content, "31135", "31120", "31147", reason="nearest")

    assert "có lẽ bạn đang ở **phường Ninh Kiều**" in said.text
    assert "Gần đó còn có phường Cái Khế, phường Tân An." in said.text
    assert "không giữ vị trí" in said.text


def test_a_location_elsewhere_is_told_so(content: Library) -> None:
    assert "is not in Cần Thơ" in card(content, reason="far_away", language=EN).text


@pytest.mark.parametrize(
    "payload",
    ["ward:99999", "ward:former:1", "ward:", "ward:31378:2", "ward:district:x:1", "ward:former:31384:2:3"],
)
def test_a_forged_payload_names_nothing(payload: str, content: Library) -> None:
    assert rasa_command(payload, content) is None


def test_without_a_table_there_is_no_answer(small_library: Library) -> None:
    plan = as_served(planned("31378"), small_library)
    assert (plan.reply, plan.reason) == (Kind.FALLBACK, "no_answer")
    assert rasa_command("ward:31378", small_library) is None
