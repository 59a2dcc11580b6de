"""The tables of problems and routes are whole, and the documentation tells of all of them."""

import re
from pathlib import Path
from typing import Any

import falcon
import msgspec
import pytest
from falcon import testing
from redis.exceptions import ConnectionError as RedisConnectionError

from api.app import routes
from api.failures import answer_with_problem
from api.problems import PROBLEMS, ApiError, Fault, Problem
from commands.bus import CrowdedError, StaleVersionError
from commands.ports import KeyReusedError
from domain.errors import Reason, RefusedError
from infra.bootstrap import Parts
from infra.eventstore import errors
from infra.settings import Settings

DOCUMENT = (Path(__file__).parents[2] / "docs/api.md").read_text()


def problem_of(error: Exception) -> tuple[falcon.Response, Any]:
    req, resp = testing.create_req(path="/v1/x", query_string="q=1"), falcon.Response()
    req.context.correlation_id = "talk-7"
    answer_with_problem(req, resp, error, {})
    return resp, msgspec.json.decode(resp.data or b"")


def test_every_reason_and_every_fault_has_a_problem() -> None:
    assert set(Reason) | set(Fault) <= PROBLEMS.keys()


def test_a_type_is_one_problem_with_one_status() -> None:
    by_type: dict[str, Problem] = {}
    for problem in PROBLEMS.values():
        assert by_type.setdefault(problem.type, problem) == problem
        assert re.fullmatch(r"urn:ringi:problem:[a-z-]+", problem.type)
        assert 400 <= problem.status < 600
        assert problem.title


def test_every_problem_is_documented_with_its_status_and_no_other() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (\d+) \|", DOCUMENT, re.MULTILINE)
    assert sorted(rows) == sorted({(each.name, str(each.status)) for each in PROBLEMS.values()})


def test_every_route_is_documented_and_no_other() -> None:
    settings = Settings.from_env(
        {
            "RINGI_DATABASE_URL": "mysql+pymysql://nobody@localhost/",
            "RINGI_REDIS_URL": "unix:///nowhere",
        }
    )
    table = {
        f"{method.upper()} {path.replace(':uuid', '')}"
        for path, resource in routes(Parts(settings)).items()
        for method in ("get", "post", "put", "patch", "delete")
        if hasattr(resource, f"on_{method}")
    }
    documented = re.findall(r"^\| `([A-Z]+ /[^`?]*)` \|", DOCUMENT, re.MULTILINE)
    assert sorted(documented) == sorted(table)


@pytest.mark.parametrize(
    ("error", "name", "status"),
    [
        (RefusedError(Reason.STALE_REVISION, "m", "revision"), "stale-revision", 409),
        (ApiError(Fault.MALFORMED_QUERY, "m", "limit"), "malformed-query", 400),
        (StaleVersionError(1, [], 2), "stale-version", 412),
        (KeyReusedError("m"), "key-reused", 422),
        (CrowdedError("m"), "crowded", 503),
        (errors.StoreUnavailableError("m"), "unavailable", 503),
        (errors.ConnectionLostError("m"), "unavailable", 503),
        (errors.ReadOnlyStoreError("m"), "unavailable", 503),
        (errors.LogStalledError("m"), "unavailable", 503),
        (errors.StoreClosedError("m"), "unavailable", 503),
        (errors.UnsafeServerError("m"), "unavailable", 503),
        (RedisConnectionError("m"), "unavailable", 503),
        (errors.ForeignSchemaError("m"), "internal", 500),
        (RuntimeError("m"), "internal", 500),
        (falcon.HTTPNotFound(), "not-found", 404),
        (falcon.HTTPMethodNotAllowed(["GET"]), "method-not-allowed", 405),
        (falcon.HTTPInvalidHeader("m", "Content-Length"), "bad-request", 400),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_every_error_becomes_the_problem_of_the_table(
    error: Exception, name: str, status: int
) -> None:
    resp, problem = problem_of(error)
    assert (problem["type"], problem["status"]) == (f"urn:ringi:problem:{name}", status)
    assert resp.status_code == status
    assert resp.content_type == "application/problem+json"
    assert (resp.get_header("Retry-After") == "1") == (status == 503)


@pytest.mark.parametrize(
    "error", [RuntimeError("hunter2"), errors.UnreachableError("db7.example refuses hunter2")]
)
def test_what_is_our_fault_is_logged_and_not_shown(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    resp, problem = problem_of(error)
    assert b"hunter2" not in (resp.data or b"")
    assert "hunter2" in caplog.text
    assert problem["correlation_id"] in caplog.text
    assert "q=1" not in caplog.text
