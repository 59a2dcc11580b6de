"""Requests are named, counted and logged."""

import logging

import falcon
import pytest
from falcon import testing

from api.observing import HEADERS, Observing, correlation_of
from infra.metrics.metrics import Metrics


class Thing:
    def on_get(self, req: falcon.Request, resp: falcon.Response, name: str) -> None:
        if name == "broken":
            raise falcon.HTTPBadRequest
        resp.text = correlation_of(req)


class Health:
    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        resp.text = "alive"


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def client(metrics: Metrics) -> testing.TestClient:
    app = falcon.App(middleware=[Observing(metrics, None)])
    app.add_route("/v1/things/{name}", Thing())
    app.add_route("/healthz", Health())
    return testing.TestClient(app)


def test_the_clients_name_for_the_conversation_is_taken_and_told(
    client: testing.TestClient,
) -> None:
    for header in HEADERS:
        answer = client.simulate_get("/v1/things/a", headers={header: "case-17/b"})
        assert answer.text == answer.headers["X-Correlation-ID"] == "case-17/b"
    both = {"X-Request-ID": "proxy", "X-Correlation-ID": "client"}
    assert client.simulate_get("/v1/things/a", headers=both).text == "client"


@pytest.mark.parametrize("odd", ["", " ", "a b", "-x", "x" * 101, "é", 'a"b', "a\tb", "{}", "<b>"])
def test_an_odd_name_is_replaced_by_one_of_ours(client: testing.TestClient, odd: str) -> None:
    for header in HEADERS:
        made = client.simulate_get("/v1/things/a", headers={header: odd}).text
        assert made != odd
        assert len(made) == 32
    first, second = (client.simulate_get("/v1/things/a").text for _ in range(2))
    assert first != second


def test_an_answer_that_is_a_problem_is_named_too(client: testing.TestClient) -> None:
    for path in ("/v1/things/broken", "/nowhere"):
        answer = client.simulate_get(path, headers={"X-Correlation-ID": "case-17"})
        assert answer.status_code >= 400
        assert answer.headers["X-Correlation-ID"] == "case-17"


def test_a_request_is_one_line_without_what_the_client_said(
    client: testing.TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "ringi.access"):
        client.simulate_get(
            "/v1/things/secret-name", params={"q": "secret"}, headers={"Authorization": "Bearer s3"}
        )
        client.simulate_get("/secret-path")
        client.simulate_get("/healthz")
    (found, missed) = caplog.records
    assert found.message == "GET /v1/things/{name}"
    assert (found.status, missed.status) == (200, 404)  # type: ignore[attr-defined]
    assert found.ms >= 0  # type: ignore[attr-defined]
    assert missed.message == "GET -"
    shown = str([vars(record) for record in caplog.records])
    assert not [word for word in ("secret", "s3") if word in shown]


def test_requests_are_counted_by_route_and_status(
    client: testing.TestClient, metrics: Metrics
) -> None:
    for name in ("a", "b", "broken"):
        client.simulate_get(f"/v1/things/{name}")
    client.simulate_get("/nowhere")

    def count(route: str, status: int) -> float | None:
        labels = {"method": "GET", "route": route, "status": str(status)}
        return metrics.registry.get_sample_value("ringi_http_requests_total", labels)

    assert count("/v1/things/{name}", 200) == 2
    assert count("/v1/things/{name}", 400) == 1
    assert count("other", 404) == 1
    assert metrics.registry.get_sample_value("ringi_http_requests_in_progress") == 0
