"""The offices' entries, one by one and by a sheet; the bot's own sentences."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.desk import drafting, offices, publications, review, sentences, sheets
from bot.desk.drafting import Form, Saved
from bot.desk.editing import MESSAGES, OFFICES, EditingDesk, Refused
from bot.desk.offices import OF_CITY, office_form, with_office
from bot.desk.publications import Published
from tests.support.desk import CHIEF, LAN, MINH, READER, side, value_of

CELLS = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=20).map(str.strip)


async def test_an_offices_phone_goes_the_way_of_every_change(desk: EditingDesk) -> None:
    opened = await drafting.open_(desk, LAN, OFFICES)
    form = {"phone": "0292 3 000 000", "source.title": "Cổng thông tin", "vi.name": "Sở Văn hóa"}
    value = with_office(OF_CITY, opened.value, "culture", form)
    saved = await drafting.save(desk, LAN, Form(OFFICES, "t", 0, opened.base_file, value))
    assert isinstance(saved, Saved)
    assert isinstance(await review.submit(desk, LAN, OFFICES, saved.base_draft), Saved)
    assert isinstance(await review.approve(desk, MINH, OFFICES, saved.base_draft), Saved)
    assert isinstance(await publications.publish(desk, LAN, OFFICES, saved.base_draft), Published)
    assert office_form(OF_CITY, value_of(desk, OFFICES), "culture")["phone"] == "0292 3 000 000"
    assert desk.library().offices["culture"].phone == "0292 3 000 000"


async def test_an_office_without_a_name_or_taken_out_does_not_go_out(desk: EditingDesk) -> None:
    opened = await drafting.open_(desk, CHIEF, OFFICES)
    bad = with_office(OF_CITY, opened.value, "culture", {"vi.name": "", "website": "cantho"})
    del bad["police"]
    found = {(one.field, one.key) for one in await review.problems(desk, CHIEF, OFFICES, bad)}
    assert found == {
        ("police", "problem_office_gone"), ("culture.vi", "problem_missing"),
        ("culture.website", "problem_address"),
    }  # fmt: skip
    with pytest.raises(Refused):
        await drafting.save(desk, CHIEF, Form(OFFICES, "t", 0, "", {**opened.value, "a.b": {}}))


async def test_the_sheet_comes_back_as_it_went_and_changes_nothing(desk: EditingDesk) -> None:
    data = sheets.csv_of(await offices.sheet(desk, CHIEF, OF_CITY, {}))
    assert data.startswith(b"\xef\xbb\xbfoffice;vi.name;")
    read = await offices.read_sheet(desk, CHIEF, OF_CITY, data)
    assert (read.changed, read.problems) == ((), ())


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
async def test_a_returned_sheet_fills_many_and_tells_what_it_leaves_out(
    desk: EditingDesk, delimiter: str
) -> None:
    rows = [
        ["office", "phone", "vi.name", "source.title"], ["culture", "0292 3", "", "Cổng"],
        ["nobody", "1", "", ""], ["police", "113", "", ""], ["", "", "", ""],
    ]  # fmt: skip
    data = "\r\n".join(delimiter.join(row) for row in rows).encode("utf-8-sig")
    read = await offices.read_sheet(desk, LAN, OF_CITY, data)
    assert read.changed == ("culture",)
    assert office_form(OF_CITY, read.value, "culture")["vi.name"] == "Sở Văn hóa"
    assert [(one.field, one.key) for one in read.problems] == [
        ("3", "sheet_office_unknown"), ("4", "sheet_not_yours"),
    ]  # fmt: skip
    saved = await drafting.save(desk, LAN, Form(OFFICES, "t", read.base_draft, read.base_file, read.value))
    assert isinstance(saved, Saved)


@pytest.mark.parametrize(
    ("data", "key"),
    [
        (b"\xff\xfe", "sheet_encoding"), (b"a;b\r\n1;2", "sheet_columns"), (b"", "sheet_columns"),
        (b"x" * 200_000, "too_large"), (b"office;phone\n" + b"a;1\n" * 600, "sheet_long"),
    ],
)  # fmt: skip
async def test_what_is_no_sheet_is_refused_in_words(desk: EditingDesk, data: bytes, key: str) -> None:
    with pytest.raises(Refused) as refused:
        await offices.read_sheet(desk, CHIEF, OF_CITY, data)
    assert refused.value.key == key


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(OF_CITY.fields, CELLS)))
def test_a_form_of_an_office_comes_back_as_it_was_filled_in(form: dict[str, str]) -> None:
    value = with_office(OF_CITY, {"police": {"vi": {"name": "Công an"}}}, "culture", form)
    assert office_form(OF_CITY, value, "culture") == {path: form.get(path, "") for path in OF_CITY.fields}
    assert value["police"] == {"vi": {"name": "Công an"}}


async def test_no_cell_of_a_sheet_is_a_formula(desk: EditingDesk) -> None:
    opened = await drafting.open_(desk, CHIEF, OFFICES)
    value = with_office(
        OF_CITY, opened.value, "culture", {"phone": "+84 292 3", "vi.address": "=HYPERLINK(1)"}
    )
    await drafting.save(desk, CHIEF, Form(OFFICES, "t", 0, opened.base_file, value))
    data = sheets.csv_of(await offices.sheet(desk, CHIEF, OF_CITY, {}))
    assert b";'=HYPERLINK(1);" in data
    read = await offices.read_sheet(desk, CHIEF, OF_CITY, data)
    assert (read.changed, office_form(OF_CITY, read.value, "culture")["phone"]) == ((), "+84 292 3")


async def test_a_sentence_keeps_its_placeholders(desk: EditingDesk) -> None:
    opened = await drafting.open_(desk, CHIEF, MESSAGES)
    assert opened.live
    known = {one.path: one for one in sentences.sentences(opened.value, opened.live)}
    assert known["phrases.topic"].placeholders == ("{topic}",)
    wrong = sentences.with_sentence(opened.value, "phrases.topic", "{topik}", "{topic}")
    found = await review.problems(desk, CHIEF, MESSAGES, wrong)
    assert [(one.field, one.key, dict(one.values)["known"]) for one in found] == [
        ("phrases.topic", "problem_placeholder", "{topic}")
    ]
    lost = sentences.with_sentence(opened.value, "phrases.topic", "Chọn một mục", "{topic}")
    assert [one.field for one in sentences.lost_placeholders(lost, opened.live)] == ["phrases.topic.vi"]


async def test_a_sentence_is_published_and_nothing_else_in_the_file_moves(desk: EditingDesk) -> None:
    opened = await drafting.open_(desk, CHIEF, MESSAGES)
    file = desk.directory / "messages.yml"
    before = file.read_text(encoding="utf-8").splitlines()
    value = sentences.with_sentence(opened.value, "phrases.thanks", "Không có chi nha!", "You are welcome!")
    saved = await drafting.save(desk, CHIEF, Form(MESSAGES, "t", 0, opened.base_file, value))
    assert isinstance(saved, Saved)
    assert isinstance(await review.submit(desk, CHIEF, MESSAGES, saved.base_draft), Saved)
    assert isinstance(await review.approve(desk, READER, MESSAGES, saved.base_draft), Saved)
    assert isinstance(await publications.publish(desk, CHIEF, MESSAGES, saved.base_draft), Published)
    after = file.read_text(encoding="utf-8").splitlines()
    assert len(set(after) - set(before)) == 2
    assert len(after) == len(before)
    assert side(value_of(desk, MESSAGES), "phrases")["thanks"]["vi"] == "Không có chi nha!"
