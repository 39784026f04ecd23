"""The OpenAPI document is true: schemathesis asks the server, in this process, what the document says it answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
import schemathesis
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from flask_app.web import openapi
from tests.web.conftest import MINUTE_NOW, Rows, Visit

CHECKS = [
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
]
PATHS = ["/api/v1/series", "/api/v1/live", "/api/v1/statistics", "/api/v1/minutes.csv", "/api/v1/system", "/healthz"]


@pytest.fixture
def schema(app: Flask, rows: Rows) -> schemathesis.schemas.BaseSchema:
    rows.well()
    rows.alert(1, "jam", opened=MINUTE_NOW - 3000, closed=MINUTE_NOW - 2000)

    def near(environ: dict[str, Any], start_response: Any) -> Any:
        # Its client sends an encoding that it does not read back without a network.
        plain = {name: value for name, value in environ.items() if name != "HTTP_ACCEPT_ENCODING"}
        return app(plain | {"REMOTE_ADDR": "127.0.0.1"}, start_response)

    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", near)


every_path = pytest.mark.parametrize(
    ("path", "mode"),
    [
        (path, mode)
        for path in PATHS
        for mode in GenerationMode
        if path not in ("/api/v1/system", "/healthz") or mode is GenerationMode.POSITIVE
    ],
)


def examples(count: int) -> hypothesis_settings:
    return hypothesis_settings(
        max_examples=count, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None
    )


@every_path
@given(data=st.data())
@examples(40)
def test_every_answer_is_as_described(
    schema: schemathesis.schemas.BaseSchema, path: str, mode: GenerationMode, data: st.DataObject
) -> None:
    case = data.draw(schema[path]["GET"].as_strategy(generation_mode=mode))

    case.validate_response(case.call(), checks=CHECKS)


@pytest.mark.proof
@every_path
@given(data=st.data())
@examples(1_000)
def test_every_answer_of_many_is_as_described(
    schema: schemathesis.schemas.BaseSchema, path: str, mode: GenerationMode, data: st.DataObject
) -> None:
    case = data.draw(schema[path]["GET"].as_strategy(generation_mode=mode))

    case.validate_response(case.call(), checks=CHECKS)


@pytest.mark.parametrize("hours", [1, 24, 24 * 400])
def test_real_ranges_are_answered_as_described(schema: schemathesis.schemas.BaseSchema, hours: int) -> None:
    query = {"from": MINUTE_NOW - 3600 * hours, "to": MINUTE_NOW}

    for path in ("/api/v1/series", "/api/v1/statistics"):
        case = schema[path]["GET"].Case(query=query)
        response = case.call()

        assert response.status_code == 200
        case.validate_response(response, checks=CHECKS)


def test_every_address_of_the_api_is_described(app: Flask) -> None:
    with app.test_request_context():
        described = set(openapi.document()["paths"])

    served = {rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/v1/")}
    assert served | {"/healthz"} == described


def test_the_document_is_english_and_not_sent_twice(client: FlaskClient, rows: Rows) -> None:
    first = client.get("/api/v1/openapi.json", headers={"Accept-Language": "fr"})
    again = client.get("/api/v1/openapi.json", headers={"If-None-Match": first.headers["ETag"]})

    assert "Whether all is well now" in json.dumps(first.get_json())
    assert again.status_code == 304


def test_the_page_shows_it_in_the_visitors_language(visit: Visit, rows: Rows) -> None:
    page = visit("/api/")

    assert page.locator("html").get_attribute("lang") == "fr"
    assert page.locator("h2").all_inner_texts()[0] == "GET /api/v1/series"
    assert "Combien de colonnes" in page.content()
    assert Axe().run(page).violations_count == 0
