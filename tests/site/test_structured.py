"""What machines are told, read by a JSON-LD processor and held against schema.org's vocabulary."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

import pytest
from pyld import jsonld  # type: ignore[import-untyped]

from bot.site.structured import revision
from tests.support import ROOT
from tests.support.data import data_in
from tests.support.public_pages import PUBLIC_URL, Public, clarification

VOCABULARY: dict[str, Any] = data_in(ROOT / "tests" / "site" / "schema_org.yml")
SCHEMA = "https://schema.org/"
LITERALS = {"Text", "URL", "Date", "DateTime", "Number", "Integer", "Boolean"}


class _Scripts(HTMLParser):
    """The data that stand in a page, as a browser takes its scripts apart."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self._is_data = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._is_data = tag == "script" and dict(attrs).get("type") == "application/ld+json"
        self.found += [""] if self._is_data else []

    def handle_data(self, data: str) -> None:
        if self._is_data:
            self.found[-1] += data

    def handle_endtag(self, tag: str) -> None:
        self._is_data = False


def _context(_url: str, _options: object) -> dict[str, object]:
    """schema.org's context without the net: every term is one of its own."""
    return {"document": {"@context": {"@vocab": SCHEMA}}, "documentUrl": None, "contextUrl": None}


def expanded(data: object) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = jsonld.expand(data, {"documentLoader": _context})
    return nodes


def kinds(name: str) -> list[str]:
    """A type and what it is a kind of."""
    found = []
    while name:
        found.append(name)
        name = VOCABULARY[name]["kind_of"]
    return found


def mistakes(node: dict[str, Any], where: str = "") -> list[str]:
    """What the vocabulary does not have in a node, or not there."""
    if "@value" in node:
        return []
    (type_url,) = node["@type"]
    name = type_url.removeprefix(SCHEMA)
    if name not in VOCABULARY:
        return [f"{where}: no type {name}"]
    known = {key: value for one in kinds(name) for key, value in VOCABULARY[one]["properties"].items()}
    found = []
    for key, values in node.items():
        if key.startswith("@"):
            continue
        term = key.removeprefix(SCHEMA)
        if term not in known:
            found.append(f"{where}: {name} has no {term}")
            continue
        for value in values:
            inner = kinds(value["@type"][0].removeprefix(SCHEMA)) if "@type" in value else LITERALS
            if not set(inner) & set(known[term]):
                found.append(f"{where}: {name}.{term} takes {known[term]}")
            found += mistakes(value, f"{where}/{term}")
    return found


async def data_of(public: Public, path: str) -> dict[str, Any]:
    (text,) = _Scripts((await public.http.get(path)).text).found
    data: dict[str, Any] = json.loads(text)
    assert mistakes(expanded(data)[0]) == []
    return data


def test_the_comparison_finds_what_is_none_of_the_vocabulary() -> None:
    wrong = {
        "@context": "https://schema.org",
        "@type": "WebPage",
        "colour": "red",
        "name": {"@type": "Claim"},
    }
    assert len(mistakes(expanded(wrong)[0])) == 2


async def test_a_clarification_is_a_claim_review(public: Public) -> None:
    data = await data_of(public, "/en/clarification/e10")
    assert data["@type"] == "ClaimReview"
    assert data["claimReviewed"] == "The e10 claim is true & right."
    assert data["url"] == f"{PUBLIC_URL}/en/clarification/e10"
    assert data["reviewRating"]["alternateName"] == "Not true"
    assert data["reviewRating"]["ratingValue"] == data["reviewRating"]["worstRating"]
    assert data["author"]["@type"] == data["publisher"]["@type"] == "GovernmentOrganization"
    assert data["itemReviewed"]["firstAppearance"] == {
        "@type": "CreativeWork", "url": "https://rumour.example/1", "datePublished": "2026-11-01",
        "creditText": "A page",
    }  # fmt: skip
    assert data["name"] == "e10: a fake </script><b>claim</b>?"


async def test_any_other_answer_is_a_page_with_its_sources(public: Public) -> None:
    data = await data_of(public, "/vi/culture/food")
    assert data["@type"] == "WebPage"
    assert data["citation"] == [{"@type": "CreativeWork", "name": "A source"}]
    assert data["dateModified"] == "2026-11-01"
    assert data["inLanguage"] == "vi"


async def test_so_is_a_wards(public: Public) -> None:
    data = await data_of(public, "/vi/phuong-xa/cai-khe-31120")
    assert data["mainEntity"]["geo"]["latitude"] == 10.0517


async def test_without_an_address_nothing_claims_to_have_one(local: Public) -> None:
    data = await data_of(local, "/en/clarification/e10")
    assert "url" not in data
    assert "url" not in data["publisher"]


@pytest.mark.parametrize("verdict", ["refuted", "misleading", "partly_true", "confirmed", "outdated"])
async def test_every_verdict_is_a_rating(public: Public, verdict: str) -> None:
    public.write("clarification.e10", clarification("e10").replace("verdict: refuted", f"verdict: {verdict}"))
    public.reload()
    rating = (await data_of(public, "/en/clarification/e10"))["reviewRating"]
    assert rating["alternateName"]
    assert ("ratingValue" in rating) == (verdict != "outdated")


async def test_what_was_withdrawn_reviews_nothing(public: Public) -> None:
    assert _Scripts((await public.http.get("/en/clarification/law")).text).found == []


async def test_the_clarifications_are_a_data_feed(public: Public) -> None:
    response = await public.http.get("/claims.json")
    assert response.headers["content-type"].startswith("application/ld+json")
    assert response.headers["access-control-allow-origin"] == "*"
    data = response.json()
    assert mistakes(expanded(data)[0]) == []
    items = [element["item"] for element in data["dataFeedElement"]]
    assert {(item["@type"], item["inLanguage"]) for item in items} == {
        ("ClaimReview", "vi"),
        ("ClaimReview", "en"),
    }
    assert len(items) == 2


async def test_all_answers_are_given_out_with_their_revisions(public: Public) -> None:
    data = (await public.http.get("/answers.json")).json()
    by_id = {answer["id"]: answer for answer in data["answers"]}
    assert by_id.keys() == {"culture.food", "culture.music", "culture.new", "clarification.e10"}
    assert by_id["culture.new"]["supersedes"] == ["culture.old"]
    assert by_id["clarification.e10"]["revision"] == revision(public.library.answers["clarification.e10"])
    assert by_id["culture.food"]["vi"]["url"] == f"{PUBLIC_URL}/vi/culture/food"
    assert data["version"] == public.library.version
    assert data["withdrawn"] == [
        {"id": "clarification.law", "date": "2026-11-22",
         "reason": {"vi": "Luật đã đổi.", "en": "The law has changed."}},
        {"id": "clarification.wrong", "date": None, "reason": None},
    ]  # fmt: skip


def test_a_revision_follows_what_is_said_and_not_how_people_ask(public: Public) -> None:
    answer = public.library.answers["culture.food"]
    asked = answer.model_copy(update={"vi": answer.vi.model_copy(update={"questions": ("một câu khác",)})})
    other = answer.model_copy(update={"vi": answer.vi.model_copy(update={"answer": "Khác."})})
    assert revision(asked) == revision(answer) != revision(other)
