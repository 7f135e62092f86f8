"""docs/api.yml says what the running service does: every operation, with bodies made up from its schemas."""

from __future__ import annotations

import asyncio
import datetime
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from pydantic import BaseModel, SecretStr
from schemathesis import GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    negative_data_rejection,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.core.transport import Response
from schemathesis.generation.case import Case
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from bot.app import create_app
from bot.channels.registry import ServiceSettings
from bot.channels.web import schema as interface
from bot.channels.web.api import _CODES
from bot.channels.web.schema import AnswerBody, CardBody, Deliveries, DeliveryBody
from bot.content.library import Library
from bot.desk.report import LiveContent, LiveModel, Mistake, Refusal, Report, TrainingFailure
from bot.domain.answer import Facet, Source, Verdict
from bot.domain.card import Button, Card, Picture
from bot.domain.language import Language
from bot.domain.plan import Kind
from bot.figures_route import OpenFigures
from bot.rasa.status import TrainingProgress
from bot.storage.database import Database
from bot.storage.traffic import add
from stand_ins.rasa import RasaStandIn
from stand_ins.traffic import made_up_month
from tests.support import ROOT
from tests.support.app import running
from tests.support.data import data_in
from tests.support.examples import examples

TOKEN = "a-token-of-the-operators"
DESCRIPTION: dict[str, Any] = data_in(ROOT / "docs" / "api.yml")
API = schemathesis.openapi.from_dict(DESCRIPTION)
OPERATIONS = [
    (path, method)
    for path, item in DESCRIPTION["paths"].items()
    for method in item
    if method in {"get", "post"}
]
READING = [
    pytest.param(*each, marks=pytest.mark.server) if "pictures" in each[0] else each for each in OPERATIONS
]
"""Each picture is read in a process of its own."""

TAKING_A_BODY = [(path, method) for path, method in OPERATIONS if method == "post" and "/api/" in path]

NOTHING_TO_READ = "nothing in it can be read"
NO_PICTURE = "There is no such picture."
NO_SUCH_MONTH = "There are no figures of this month."

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def is_taken(_context: object, response: Response, case: Case[Any]) -> None:
    """A check: what was sent is right, unless it is a text of which cleaning leaves nothing, or an address
    that none of the few answers, pictures and months has."""
    is_made_up = case.operation.path.startswith("/{language}/{topic}") and response.status_code == 404
    is_nowhere = case.operation.path == "/sitemap.xml" and "PUBLIC_URL" in response.text
    refusals = (NOTHING_TO_READ, NO_PICTURE, NO_SUCH_MONTH)
    is_nothing = any(refusal in response.text for refusal in refusals)
    assert response.status_code == 200 or is_made_up or is_nowhere or is_nothing, response.text


FULL_CARD = CardBody.of(
    Card(
        kind=Kind.ANSWER, language=Language.EN, text="It is **not** so.", title="Title", id="clarification.a",
        facet=Facet.PRICE, action="handoff", ids=("clarification.b",), claim="It is so.",
        verdict=Verdict.REFUTED, verdict_label="Not so", clarified="Somebody, 2026", alert="Stay at home.",
        notice="It may be out of date.", sources=(Source(title="A law", date="2026-11", url="https://a.vn"),),
        checked=datetime.date(2026, 11, 28), office="Office", map_url="https://a.vn/map",
        buttons=(Button("More", payload="answer:clarification.b"), Button("Map", url="https://a.vn")),
        version="3f2a9c1d", picture=Picture("/share/a.png", "A picture", "Not so: Title", "/en/a"),
    )
)  # fmt: skip
NOW = datetime.datetime(2026, 11, 28, tzinfo=datetime.UTC)
FULL_REPORT = Report(
    content=LiveContent(
        version="3f2a9c1d",
        commit="3f2a9c1d",
        is_changed=False,
        digest="d",
        since=NOW,
        age_seconds=1,
        answers=2,
    ),
    model=LiveModel(name="m", since=NOW, age_seconds=1, is_current=True),
    training=TrainingProgress(model="m", step="encoding", share=0.5, seconds=1.5),
    refused=Refusal(model="m", accuracy_before=0.9, accuracy=0.8, problems=("Why.",)),
    failed=TrainingFailure(model="m", advice="What to do."),
    mistakes=(Mistake(file="city/a.yml", line=1, key="vi", problem="Why.", serves="nothing"),),
)

BODIES: dict[str, type[BaseModel]] = {
    "Question": interface.QuestionBody,
    "PictureQuestion": interface.PictureQuestionBody,
    "Visit": interface.Visit,
    "Answer": interface.AnswerBody,
    "Card": interface.CardBody,
    "Picture": interface.PictureBody,
    "Source": interface.SourceBody,
    "Button": interface.ButtonBody,
    "Deliveries": interface.Deliveries,
    "Delivery": interface.DeliveryBody,
    "Error": interface.ErrorBody,
    "Report": Report,
}


@pytest.fixture(scope="module")
async def url(tmp_path_factory: pytest.TempPathFactory, small_content: Path) -> AsyncIterator[str]:
    """The address of the service, with a stand-in for the Rasa side and no limit on questions."""
    directory = tmp_path_factory.mktemp("described")
    async with RasaStandIn().serving() as rasa_url:
        wanted = {
            "RASA_URL": rasa_url,
            "CONTENT_DIR": str(small_content),
            "METRICS_TOKEN": TOKEN,
            "WEB_RATE_LIMIT": "0",
        }
        async with running(directory, wanted) as (_, address):
            yield address


@pytest.mark.server
@pytest.mark.parametrize(("path", "method"), READING)
async def test_what_the_description_allows_is_answered_as_it_says(url: str, path: str, method: str) -> None:
    await tried(url, path, method, GenerationMode.POSITIVE, [*CHECKS, is_taken])


@pytest.mark.server
@pytest.mark.parametrize(("path", "method"), TAKING_A_BODY)
async def test_what_the_description_forbids_is_refused_with_a_reason(
    url: str, path: str, method: str
) -> None:
    await tried(url, path, method, GenerationMode.NEGATIVE, [*CHECKS, negative_data_rejection])


async def tried(url: str, path: str, method: str, mode: GenerationMode, checks: list[Any]) -> None:
    """Send made-up requests of an operation and hold each answer against the description."""

    @settings(
        max_examples=10 if path == "/api/pictures" else examples(40),
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(API[path][method].as_strategy(generation_mode=mode))
    def each(case: Case[Any]) -> None:
        case.call_and_validate(
            base_url=url, checks=checks, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=10
        )

    await asyncio.to_thread(each)  # the stand-in answers in this thread's loop


@pytest.mark.parametrize(
    ("path", "method", "body"),
    [
        ("/api/deliveries", "post", Deliveries(deliveries=(DeliveryBody(id=12, replies=(FULL_CARD,)),))),
        ("/api/messages", "post", AnswerBody(language=Language.EN, replies=(FULL_CARD,))),
        ("/api/content", "get", FULL_REPORT),
    ],
)
def test_what_seldom_comes_is_described_as_well(path: str, method: str, body: BaseModel) -> None:
    answer = httpx.Response(
        200,
        headers={"Content-Type": "application/json", "Cache-Control": "no-store"},
        content=body.model_dump_json(),
        request=httpx.Request(method, f"http://bot{path}"),
    )
    answer.elapsed = datetime.timedelta()
    API[path][method].validate_response(answer)


async def test_the_figures_of_a_month_are_as_the_description_says(
    database: Database, city_library: Library
) -> None:
    first = datetime.date(2026, 10, 1)
    await database.transact(lambda connection: add(connection, made_up_month(first, 30_000)))
    app = Starlette(routes=OpenFigures(database, lambda: city_library, lambda: NOW).routes())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://bot") as client:
        for ending in ("csv", "json"):
            answer = await client.get(f"/figures/2026-10.{ending}")
            await answer.aread()
            API[f"/figures/{{month}}.{ending}"]["get"].validate_response(answer)


@pytest.mark.server
async def test_a_wrong_token_is_told_as_it_says(url: str) -> None:
    case = API["/metrics"]["get"].Case(headers={"Authorization": "Bearer wrong"})
    response = await asyncio.to_thread(case.call, base_url=url)
    assert response.status_code == 401
    case.validate_response(response, checks=CHECKS)


@pytest.mark.parametrize("name", BODIES)
def test_every_body_has_the_keys_that_the_description_gives_it(name: str) -> None:
    described = DESCRIPTION["components"]["schemas"][name]
    given_by_code = BODIES[name].model_json_schema(mode="serialization")
    assert described["properties"].keys() == given_by_code["properties"].keys()
    if name not in {"Question", "PictureQuestion", "Visit"}:  # whose keys a client may leave out
        assert set(described["required"]) == described["properties"].keys()


def test_every_status_that_the_interface_names_is_described() -> None:
    codes = DESCRIPTION["components"]["schemas"]["Error"]["properties"]["error"]["properties"]["code"]["enum"]
    assert set(codes) == set(_CODES.values())


def test_every_address_of_the_service_is_described(
    tmp_path: Path, small_content: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for the page's own files, and the page that says that there is nothing."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    app = create_app(ServiceSettings(content_dir=small_content, metrics_token=SecretStr(TOKEN)))
    found = set()
    for route in app.routes:
        if isinstance(route, Mount):
            found |= {route.path + inner.path for inner in route.routes if isinstance(inner, Route)}
        elif isinstance(route, Route):
            found.add(route.path)
    assert {path for path in found if "{rest:path}" not in path} == DESCRIPTION["paths"].keys()


MODELS: dict[str, type[BaseModel]] = {
    "/api/messages": interface.QuestionBody,
    "/api/pictures": interface.PictureQuestionBody,
    "/api/deliveries": interface.Visit,
}


def test_every_example_fits_its_schema() -> None:
    for path, method in OPERATIONS:
        if "/api/" not in path:
            continue
        body = DESCRIPTION["paths"][path][method].get("requestBody")
        for example in body["content"]["application/json"]["examples"].values() if body else ():
            MODELS[path].model_validate_json(json.dumps(example["value"]))
    (answer,) = DESCRIPTION["paths"]["/api/messages"]["post"]["responses"]["200"]["content"][
        "application/json"
    ]["examples"].values()
    interface.AnswerBody.model_validate_json(json.dumps(answer["value"]))
