"""What the check tells an editor of sentences that no longer help whoever reads them."""

from __future__ import annotations

import datetime
import shutil
from pathlib import Path

import pytest

from bot.content.check import check
from bot.content.check.laws import read_laws
from bot.content.loading import load
from tests.support import ROOT

TODAY = datetime.date(2026, 11, 28)

OFFICES = """
finance:
  vi: {name: Sở Tài chính thành phố Cần Thơ}
  en: {name: Cần Thơ City Department of Finance (Sở Tài chính)}
foreign-affairs:
  vi: {name: Sở Ngoại vụ thành phố Cần Thơ}
  en: {name: Cần Thơ City Department of Foreign Affairs (Sở Ngoại vụ)}
  website: https://songoaivu.cantho.gov.vn
  source: {title: Cổng thông tin}
ward-commune:
  vi: {name: "Ủy ban nhân dân xã, phường nơi bạn ở"}
  en: {name: People's Committee of your ward}
"""

ANSWER = """\
status: published
office: foreign-affairs
checked: 2026-11-01
review_by: 2027-05-01
sources: [{{title: A source}}]
vi:
  title: Tựa
  answer: {vi}
  questions: ["là gì"]
  facets: {{contact: {contact_vi}}}
en:
  title: Title
  answer: {en}
  questions: ["what is it"]
  facets: {{contact: {contact_en}}}
"""


@pytest.fixture
def content(tmp_path: Path) -> Path:
    directory = tmp_path / "content"
    directory.mkdir()
    shutil.copy(ROOT / "content" / "messages.yml", directory)
    shutil.copy(ROOT / "content" / "replaced_laws.yml", directory)
    (directory / "offices.yml").write_text(OFFICES, encoding="utf-8")
    return directory


NOT_ASKED_FOR = (
    "words;",
    "words ",
    "questions;",
    "two to four",
    "no diacritics",
    "stands in",
    "is the same text",
)
"""What the check says of such short answers beside."""


def advised(content: Path, topic: str = "city", **texts: str) -> list[str]:
    """What is said of an answer, as "key: problem"."""
    quoted = {key: f'"{texts.get(key, default)}"' for key, default in
              {"vi": "Dạ có.", "en": "Yes.", "contact_vi": "Dạ.", "contact_en": "Yes."}.items()}  # fmt: skip
    (content / topic).mkdir(exist_ok=True)
    (content / topic / "one.yml").write_text(ANSWER.format(**quoted), encoding="utf-8")
    return [
        f"{finding.key}: {finding.problem}"
        for finding in check(content, TODAY)
        if not any(words in finding.problem for words in NOT_ASKED_FOR)
    ]


# -- offices


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("vi", "Bạn liên hệ Sở Tài chính thành phố."),
        ("vi", "Tiến độ: hỏi Sở Tài chính."),
        ("en", "For housing, ask the Department of Finance."),
        ("contact_vi", "Sở Tài chính thành phố Cần Thơ."),
        ("contact_en", "The city's Department of Finance (Sở Tài chính)."),
    ],
)
def test_an_office_that_cannot_be_reached_is_not_named_for_contact(
    content: Path, place: str, text: str
) -> None:
    (said,) = advised(content, **{place: text})
    assert "has no phone, address or website in offices.yml (finance)" in said


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("vi", "Sở Tài chính thành phố phụ trách việc này."),
        ("vi", "Bạn không phải nộp bản sao (Sở Tài chính, 09/11/2025)."),
        ("vi", "Hỏi Sở Tài chính, 109 Nguyễn Trãi, phường Ninh Kiều."),
        ("vi", "Hỏi Sở Ngoại vụ."),
        ("vi", "Hỏi Ủy ban nhân dân xã, phường nơi bạn ở."),
        ("contact_vi", "Sở Tài chính nắm số liệu; số mới xem [cantho.gov.vn](https://cantho.gov.vn)."),
        ("contact_vi", "Sở Tài chính chưa công bố số điện thoại."),
        ("contact_en", "Ask the Department of Finance: +84 292 3817 696."),
    ],
)
def test_one_that_can_be_or_is_only_mentioned_may_be(content: Path, place: str, text: str) -> None:
    assert advised(content, **{place: text}) == []


# -- links


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Khai trên dichvucong.gov.vn.", "[dichvucong.gov.vn](https://dichvucong.gov.vn)"),
        ("Xem https://evisa.gov.vn, rồi in.", "[evisa.gov.vn](https://evisa.gov.vn)"),
        ("Xem (http://a.cantho.gov.vn/x?y=1).", "[a.cantho.gov.vn/x?y=1](http://a.cantho.gov.vn/x?y=1)"),
    ],
)
@pytest.mark.parametrize("place", ["vi", "contact_vi"])
def test_an_address_is_a_link(content: Path, place: str, text: str, written: str) -> None:
    (said,) = advised(content, **{place: text})
    assert said.endswith(f"is no link: write {written}")


@pytest.mark.parametrize(
    "text",
    [
        "Khai trên [dichvucong.gov.vn](https://dichvucong.gov.vn).",
        "Gửi thư tới ai.do@cantho.gov.vn.",
        "Trang của thành phố nằm dưới **tên miền cantho.gov.vn**.",
        "Trang đuôi .com, .org có thể là giả. Điểm 3.com",
    ],
)
def test_what_is_a_link_or_no_address_to_visit_is_not_one(content: Path, text: str) -> None:
    assert advised(content, vi=text) == []


# -- days that have passed


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("vi", "Cầu sẽ mở tháng 7/2026."),
        ("vi", "Cầu dự kiến khánh thành ngày 27/11/2026, dài 3 km."),
        ("vi", "Từ 01/7/2026 phí sẽ tăng."),
        ("vi", "Bến sẽ xong trong năm 2025."),
        ("en", "The bridge will open in July 2026."),
        ("en", "In October 2026, the fee will rise."),
        ("en", "Work is expected to end by 2025."),
        ("contact_en", "The office is to move on 1 November 2026."),
    ],
)
def test_what_was_to_come_and_is_over_is_told(content: Path, place: str, text: str) -> None:
    (said,) = advised(content, **{place: text})
    assert "has passed, and the sentence speaks of the future" in said


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("vi", "Cầu sẽ mở tháng 7/2027."),
        ("vi", "Cầu sẽ mở tháng 11/2026."),
        ("vi", "Cầu mở tháng 7/2026."),
        ("vi", "Khởi công ngày 19/8/2025, dự kiến xong tháng 12/2028."),
        ("vi", "Tháng 11/2025, thành phố cho biết sẽ mời chuyên gia."),
        ("vi", "Cầu dự kiến mở tháng 7/2026; đến nay chưa thấy tin đã mở."),
        ("vi", "Sau khi sắp xếp năm 2025, thành phố có 103 xã, phường."),
        ("vi", "Phí sẽ theo Nghị quyết ngày 12/8/2025."),
        ("vi", "Dự án sẽ làm từ 2025 đến 2030."),
        ("en", "As planned in March 2025, the bridge will open in 2028."),
        ("en", "The bridge was due in July 2026; no news of it has been seen."),
    ],
)
def test_what_is_still_to_come_or_was_said_then_is_not(content: Path, place: str, text: str) -> None:
    assert advised(content, **{place: text}) == []


# -- laws


@pytest.mark.parametrize(
    ("place", "text", "said"),
    [
        (
            "vi",
            "Theo Luật Đầu tư 61/2020/QH14.",
            "61/2020/QH14 was replaced by 143/2025/QH15 since 2026-03-01",
        ),
        ("vi", "Theo Luật Đầu tư 2020 thì có.", "Luật Đầu tư 2020 was replaced"),
        ("vi", "Theo Nghị định 31/2021, có 25 ngành.", "Nghị định 31/2021 was replaced by 96/2026/NĐ-CP"),
        ("en", "Under Decree 152/2020 you need it.", "Decree 152/2020 was replaced by 219/2025/NĐ-CP"),
        ("contact_vi", "Theo Luật Doanh nghiệp 59/2020/QH14.", "59/2020/QH14 was amended by 76/2025/QH15"),
    ],
)
def test_a_law_that_is_no_longer_so_is_told(content: Path, place: str, text: str, said: str) -> None:
    (advice,) = advised(content, **{place: text})
    assert said in advice


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("vi", "Luật Đầu tư 143/2025/QH15 thay Luật 61/2020/QH14."),
        ("vi", "Nghị định 31/2021/NĐ-CP đã hết hiệu lực."),
        ("vi", "Theo Nghị định 219/2025/NĐ-CP và 131/2021/NĐ-CP."),
        ("vi", "Luật 71/2025/QH15 về công nghệ số."),
        ("vi", "Ngưỡng của Luật 61/2020/QH14 chỉ áp dụng trước 01/3/2026."),
        ("vi", "Nghị quyết 45/2022/QH15 còn hiệu lực tới 2027."),
        ("vi", "Luật Doanh nghiệp 59/2020/QH14. Luật đã được sửa đổi năm 2025."),
        ("en", "The former Decree 152/2020 asked for more."),
    ],
)
def test_one_of_which_the_sentence_says_so_is_not(content: Path, place: str, text: str) -> None:
    assert advised(content, **{place: text}) == []


def test_the_table_itself_is_checked(content: Path) -> None:
    laws = content / "replaced_laws.yml"
    assert read_laws(laws)[1] == []
    assert len(read_laws(laws)[0]) >= 35
    laws.write_text(
        "- {old: Nghị định 31, kind: replaced}\n- {old: 1/2020/QH14, kind: gone}", encoding="utf-8"
    )
    assert [line.split(":")[0] for line in advised(content)] == ["0.old", "1.kind"]
    laws.unlink()
    assert advised(content) == []
    assert load(content).findings == []


# -- abroad


@pytest.mark.parametrize(
    ("topic", "place", "text", "said"),
    [
        ("diaspora", "vi", "Gọi 0292 3817 696.", "write +84 292 3817 696 as well"),
        ("diaspora", "contact_vi", "Gọi (0292) 3817 696.", "write +84 292 3817 696 as well"),
        ("city", "en", "Call 0292 3817 696.", "write +84 292 3817 696 as well"),
        ("city", "en", "Call 1800 1096.", "give a number with +84 as well"),
        ("city", "en", "In danger, call 113.", "113 can be called in Việt Nam only"),
        ("diaspora", "vi", "Bị lừa thì gọi 113.", "113 can be called in Việt Nam only"),
        ("diaspora", "vi", "Nhận hồ sơ 7:30-11:30.", 'say that it is "giờ Việt Nam"'),
        ("diaspora", "en", "Open from 7:30 to 11:30.", 'say that it is "Việt Nam time"'),
    ],
)
def test_for_readers_abroad_numbers_can_be_dialled_and_hours_are_vietnams(
    content: Path, topic: str, place: str, text: str, said: str
) -> None:
    (advice,) = advised(content, topic, **{place: text})
    assert said in advice


@pytest.mark.parametrize(
    ("topic", "place", "text"),
    [
        ("city", "vi", "Gọi 0292 3817 696 hoặc 113, 7:30-11:30."),
        ("city", "en", "Open 7:30-11:30; call 0292 3817 696, from abroad +84 292 3817 696."),
        ("diaspora", "vi", "Gọi +84 981 84 84 84; 7:30-11:30 giờ Việt Nam. Thời gian: 24 giờ."),
        ("diaspora", "en", "Within Việt Nam call 113, from abroad +84 981 84 84 84."),
        ("diaspora", "vi", "Điều 113 của luật; hộ chiếu số 0292."),
    ],
)
def test_what_can_be_used_from_there_is_not_told(content: Path, topic: str, place: str, text: str) -> None:
    assert advised(content, topic, **{place: text}) == []
