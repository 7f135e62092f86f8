"""A unit is recognised as people write it."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from bot.content.wards import Wards
from nlu.wards.recogniser import recognise
from nlu.wards.table import FUZZY_LETTERS, Names, slips_most
from tests.support.ward_writing import TELLS_THE_DISTRICT, WAYS, with_a_slip

RIGHT, RIGHT_WITH_A_SLIP, ONLY_ONE = 0.99, 0.97, 0.93


@pytest.mark.parametrize("way", WAYS)
def test_every_former_unit_is_recognised_in_this_way_of_writing(way: str, wards: Wards, names: Names) -> None:
    said = {
        code: recognise(f"{WAYS[way](ward)} giờ thuộc đâu", names).ids for code, ward in wards.former.items()
    }

    right = [f"former:{code}" in ids for code, ids in said.items()]
    assert sum(right) >= RIGHT * len(right)
    if way in TELLS_THE_DISTRICT:
        alone = [ids == (f"former:{code}",) for code, ids in said.items()]
        assert sum(alone) >= ONLY_ONE * len(alone)


@pytest.mark.parametrize("seed", range(3))
def test_every_former_unit_is_recognised_with_one_slip(seed: int, wards: Wards, names: Names) -> None:
    chance = random.Random(seed)

    right = [
        f"former:{code}" in recognise(f"{written} giờ là gì", names).ids
        for code, ward in wards.former.items()
        for written in with_a_slip(ward, chance)
    ]

    assert sum(right) >= RIGHT_WITH_A_SLIP * len(right)


def meant(text: str, names: Names) -> set[str]:
    """The units that a text names, with their types."""
    by_id = {place.id: place for places in names.places.values() for place in places}
    return {f"{by_id[found].type} {by_id[found].name}" for found in recognise(text, names).ids}


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("P.IV Vị Thanh giờ là gì", {"phường IV"}),
        ("phường 4 Vị Thanh", {"phường IV"}),
        ("ward 8, Soc Trang city", {"phường 8"}),
        ("p hung loi q.nk", {"phường Hưng Lợi"}),
        ("phuong binh thuy", {"phường Bình Thủy"}),
        ("xa phuong binh", {"xã Phương Bình"}),
        ("xã Xà Phiên", {"xã Xà Phiên"}),
        ("xã Đông Phước ạ", {"xã Đông Phước"}),
        ("xã Đông Phước A ạ", {"xã Đông Phước A"}),
        ("Cái Răng giờ sao", {"phường Cái Răng", "quận Cái Răng"}),
        ("quận Cái Răng còn không", {"quận Cái Răng"}),
        ("khu vực Thới Bình, phường Thới Long", {"phường Thới Long"}),
        ("xã Thành Hóa", set()),
        ("xã Thới Thạnh, Thới Lai giờ về Ô Môn hả", {"xã Thới Thạnh"}),
    ],
)
def test_a_name_is_what_stands_around_it(text: str, units: set[str], names: Names) -> None:
    assert meant(text, names) == units


@pytest.mark.parametrize("text", ["phường Tân An mới gồm những đâu", "What old wards make up Tan An ward?"])
def test_who_asks_what_a_unit_was_made_of_means_that_of_today(text: str, names: Names) -> None:
    assert recognise(text, names).ids == ("31147",)


@pytest.mark.parametrize(
    "text",
    [
        "phường An Cư, Ninh Kiều giờ là phường nào",
        "Phường 9 Sóc Trăng nhập vô đâu",
        "phường An Lạc nay thuộc đâu",
    ],
)
def test_an_older_name_with_its_type_is_known_not_to_be_in_the_table(text: str, names: Names) -> None:
    assert recognise(text, names).is_unknown


@pytest.mark.parametrize(
    "text", ["phường nào gần đây", "xã tôi giờ gọi là gì", "An Cư ở đâu", "tôi ở xã", "x", ""]
)
def test_what_names_no_unit_is_nothing(text: str, names: Names) -> None:
    assert recognise(text, names).is_empty


def test_an_address_is_found_with_the_unit_in_it(names: Names) -> None:
    text = "Cho hỏi: ấp 3, xã Hòa An, huyện Phụng Hiệp, Hậu Giang giờ ghi sao?"

    place = recognise(text, names).place

    assert place is not None
    begin, unit, end = place
    assert (text[begin:unit], text[unit:end]) == ("ấp 3, ", "xã Hòa An, huyện Phụng Hiệp, Hậu Giang")


def test_a_question_about_a_unit_holds_no_address(names: Names) -> None:
    assert recognise("Nhà em ở phường An Khánh, quận Ninh Kiều, giờ là phường gì", names).place is None


def test_a_lookup_table_of_another_form_is_refused() -> None:
    with pytest.raises(ValueError, match="unpack"):
        Names.of(["31147|phường"])


@given(data=st.data())
def test_every_name_that_is_near_enough_is_found(data: st.DataObject, names: Names) -> None:
    name = data.draw(st.sampled_from(sorted(names.joined)))
    kept = data.draw(st.lists(st.sampled_from(range(len(name))), unique=True, min_size=FUZZY_LETTERS - 1))
    word = "".join(name[at] for at in sorted(kept)) + data.draw(st.sampled_from(["", "a", name[-1]]))

    near = {joined for joined in names.joined if OSA.distance(word, joined) <= slips_most(word)}

    assert set(names.near(word)) == {names.joined[joined] for joined in near}
