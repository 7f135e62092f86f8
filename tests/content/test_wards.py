"""content/wards.yml: each unit of before and after once, and a mistake changes nothing."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from bot.content.loading import load
from bot.content.wards import FORMER_WARDS, WARDS, Wards
from bot.content.wards_file import read_wards
from bot.content.yaml_file import ContentError
from tests.support import ROOT
from tests.support.data import data_in

TABLE = ROOT / "content" / "wards.yml"


@pytest.fixture(scope="module")
def text() -> str:
    return TABLE.read_text(encoding="utf-8")


@pytest.fixture
def wards() -> Wards:
    return read_wards(TABLE)[0]


def problem(tmp_path: Path, text: str) -> str:
    (tmp_path / "wards.yml").write_text(text, encoding="utf-8")
    with pytest.raises(ContentError) as caught:
        read_wards(tmp_path / "wards.yml")
    return str(caught.value)


def test_the_table_has_every_unit(wards: Wards) -> None:
    assert (len(wards.now), len(wards.former)) == (WARDS, FORMER_WARDS) == (103, 263)


def test_twenty_units_are_where_the_resolution_puts_them(wards: Wards) -> None:
    twenty = data_in(ROOT / "tests" / "wards" / "twenty.yml")
    assert len(twenty) == 20

    for entry in twenty:
        (code,) = [
            code
            for code, ward in wards.former.items()
            if (ward.full_name, ward.district, ward.province)
            == (entry["former"], entry["district"], entry["province"])
        ]
        assert [ward.full_name for ward in wards.became[code]] == entry["now"]


def test_a_former_unit_that_is_missing_is_told(tmp_path: Path, text: str) -> None:
    assert "262 former units of 263" in problem(tmp_path, re.sub(r"\n.*name: Phú Thứ,.*", "", text))


def test_a_code_that_stands_twice_is_told(tmp_path: Path, text: str) -> None:
    assert "31135 stands twice" in problem(tmp_path, text.replace('- code: "31120"', '- code: "31135"'))


def test_a_part_without_its_other_part_is_told(tmp_path: Path, text: str) -> None:
    told = problem(tmp_path, text.replace(", part: true}", "}", 1))
    assert "phường Bùi Hữu Nghĩa (31178) stands under several units" in told


def test_a_name_that_stands_twice_is_told(tmp_path: Path, text: str) -> None:
    told = problem(tmp_path, text.replace("\n    name: Cái Khế\n", "\n    name: Ninh Kiều\n", 1))
    assert "phường Ninh Kiều stands twice" in told


def test_a_unit_that_is_missing_is_told(tmp_path: Path, text: str) -> None:
    first, second = (match.start() for match in list(re.finditer(r"^  - code:", text, re.MULTILINE))[:2])
    assert "there are 102, and the city has 103" in problem(tmp_path, text[:first] + text[second:])


def test_a_former_unit_that_is_told_in_two_ways_is_told(tmp_path: Path, text: str) -> None:
    told = problem(tmp_path, text.replace("name: Bùi Hữu Nghĩa,", "name: Bùi Hữu Nghị,", 1))
    assert "31178 is described in two ways" in told


def test_a_town_of_today_is_told(tmp_path: Path, text: str) -> None:
    told = problem(tmp_path, text.replace("\n    type: xã\n", "\n    type: thị trấn\n", 1))
    assert "write phường or xã" in told


def test_a_phone_needs_a_source(tmp_path: Path, text: str) -> None:
    told = problem(tmp_path, text.replace("\n    office:\n", "\n    office: {phone: 0292 1}\n", 1))
    assert "needs a `source`" in told


def test_the_centre_lies_in_the_city(tmp_path: Path, text: str) -> None:
    assert "units.0.centre.lat" in problem(tmp_path, text.replace("lat: 10.0517", "lat: 105.0517"))


@pytest.fixture
def content(small_content: Path, tmp_path: Path) -> Path:
    directory = tmp_path / "content"
    shutil.copytree(small_content, directory)
    shutil.copy(TABLE, directory)
    return directory


def test_the_table_is_part_of_what_is_served(content: Path) -> None:
    loaded = load(content)

    assert loaded.library.wards
    assert not loaded.findings
    (content / "wards.yml").unlink()
    assert load(content).library.digest != loaded.library.digest


def test_a_mistake_leaves_the_last_good_table_in_use(content: Path) -> None:
    served = load(content)
    (content / "wards.yml").write_text("units: []\n", encoding="utf-8")

    after = load(content, served)

    assert after.library.wards == served.library.wards
    assert "wards.yml" in after.kept
    assert any(finding.file.name == "wards.yml" for finding in after.findings)


def test_a_table_that_is_gone_is_missed(content: Path) -> None:
    served = load(content)
    (content / "wards.yml").unlink()

    after = load(content, served)

    assert after.library.wards == served.library.wards
    assert "this file is missing" in str(after.findings[0])


def test_content_without_a_table_serves_without_one(small_content: Path) -> None:
    assert load(small_content).library.wards is None
