"""The life of a version over HTTP: texts, drafts, two persons, instants, the end."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import jsonschema
import pytest
import yaml

from infra.stack import MariaDBServer
from tests.integration.api_world import PURCHASE, VALUES, World, a_company

YAML = {"Content-Type": "application/yaml"}


@pytest.fixture(scope="module")
def world(server: MariaDBServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with a_company(server, tmp_path_factory.mktemp("definitions"), "api_definitions") as world:
        world.add_person("zoe", "admin")
        world.pump()
        yield world


@pytest.fixture
def name() -> str:
    return f"d{uuid4().hex[:8]}"


def text(**differing: object) -> str:
    body = {key: value for key, value in PURCHASE.items() if key != "definition"}
    return f"# as people write it\n{yaml.safe_dump({**body, **differing}, sort_keys=False)}"


def put(world: World, path: str, raw: str, by: str = "root") -> Any:
    found = world.ok("PUT", path, by=by, raw=raw, headers=YAML)
    world.pump()
    return found


def drafted(world: World, name: str, **differing: object) -> str:
    put(world, f"/v1/definitions/{name}/draft", text(**differing))
    return f"/v1/definitions/{name}"


def refused(answer: Any) -> tuple[int, str, str]:
    problem = answer.json
    kind = problem["type"].removeprefix("urn:ringi:problem:")
    return answer.status_code, kind, problem.get("place", "")


def test_yaml_and_json_of_one_content_are_one_version(world: World, name: str) -> None:
    path = f"/v1/definitions/{name}"
    made = put(world, path, text())
    assert (made["definition"], made["definition_version"]) == (name, 1)
    again = world.call("PUT", path, by="root", body={**PURCHASE, "definition": name})
    assert refused(again) == (409, "nothing-changes", "content")
    again = world.call("POST", "/v1/definitions", by="root", body={**PURCHASE, "definition": name})
    assert refused(again) == (409, "nothing-changes", "content")
    shown = world.ok("GET", path, by="ann")
    assert (shown["published_by"], shown["proposed_by"], shown["four_eyes"]) == (
        "root",
        None,
        False,
    )


def test_every_fault_of_a_text_is_told_with_its_line(world: World, name: str) -> None:
    raw = "labl: x\nfields:\n  - {name: A, kind: text}\nsteps:\n  - {name: a, approver: {}}\n"
    answer = world.call("PUT", f"/v1/definitions/{name}", by="root", raw=raw, headers=YAML)
    assert refused(answer) == (422, "unknown-field", "labl")
    errors = answer.json["errors"]
    assert [(each["place"], each["line"], each["column"]) for each in errors] == [
        ("labl", 1, 1),
        ("fields.0.name", 3, 6),
        ("steps.0.approver", 5, 15),
    ]
    assert {each["severity"] for each in errors} == {"error"}


@pytest.mark.parametrize(
    ("raw", "line"), [("a: [\n  b: {", 2), ("a: b: c", 1), ("[" * 100_000, 1), ("\tx: 1", 1)]
)
def test_what_is_no_yaml_is_told_with_its_line(world: World, raw: str, line: int) -> None:
    answer = world.call("PUT", "/v1/definitions/x", by="root", raw=raw, headers=YAML)
    assert refused(answer)[:2] == (400, "malformed-json")
    assert answer.json["line"] >= line


def test_what_is_too_large_or_of_another_type_is_not_read(world: World) -> None:
    path = "/v1/definitions/x"
    answer = world.call("PUT", path, by="root", raw="a: b\n" * 60_000, headers=YAML)
    assert refused(answer)[:2] == (413, "body-too-large")
    answer = world.call("PUT", path, by="root", raw="<a/>", headers={"Content-Type": "text/xml"})
    assert refused(answer) == (415, "unsupported-media-type", "Content-Type")


def test_a_draft_is_kept_with_its_faults_and_published_when_it_has_none(
    world: World, name: str
) -> None:
    path = f"/v1/definitions/{name}"
    kept = put(world, f"{path}/draft", "steps: []\nfields: [")
    assert [each["line"] for each in kept["findings"]] == [3]
    shown = world.ok("GET", f"{path}/draft", by="ivy")
    assert (shown["draft"], shown["saved_by"], shown["source"]) == (
        1,
        "root",
        "steps: []\nfields: [",
    )
    assert shown["findings"] == kept["findings"]
    assert refused(world.call("POST", f"{path}/publish", by="root", body={"draft": 1}))[0] == 422
    assert put(world, f"{path}/draft", text())["findings"] == []
    stale = world.call("POST", f"{path}/publish", by="root", body={"draft": 1})
    assert refused(stale) == (409, "stale-revision", "draft")
    assert refused(world.call("GET", path, by="ann"))[0] == 404
    made = world.call("POST", f"{path}/publish", by="root", body={"draft": 2})
    assert (made.status_code, made.json["definition_version"], made.json["version"]) == (201, 1, 3)
    world.pump()
    seen = world.call("GET", made.headers["Location"], by="ann")
    assert (seen.json["definition_version"], seen.headers["ETag"]) == (1, '"3"')


def test_drafts_are_not_for_everybody(world: World, name: str) -> None:
    path = drafted(world, name)
    assert refused(world.call("GET", f"{path}/draft", by="ann"))[:2] == (403, "not-allowed")
    for verb in ("publish", "propose"):
        answer = world.call("POST", f"{path}/{verb}", by="ann", body={"draft": 1})
        assert refused(answer)[:2] == (403, "not-allowed")
    answer = world.call("PUT", f"{path}/draft", by="ann", raw="x", headers=YAML)
    assert refused(answer)[:2] == (403, "not-allowed")
    assert refused(world.call("GET", "/v1/definitions/nothing/draft", by="root"))[0] == 404


def test_two_persons_publish_what_says_so(world: World, name: str) -> None:
    path = drafted(world, name, four_eyes=True)
    alone = world.call("POST", f"{path}/publish", by="root", body={"draft": 1})
    assert refused(alone)[:2] == (403, "not-allowed")
    proposed = world.do("POST", f"{path}/propose", by="root", body={"draft": 1})
    waits = world.ok("GET", f"{path}/draft", by="zoe")["proposal"]
    assert (waits["proposed_by"], waits["content_hash"]) == ("root", proposed["content_hash"])
    assert [step["name"] for step in waits["steps"]] == ["lead", "money"]
    seen = {"content_hash": waits["content_hash"]}
    assert refused(world.call("POST", f"{path}/approve", by="root", body=seen))[0] == 403
    other = {"content_hash": "0" * 64}
    stale = world.call("POST", f"{path}/approve", by="zoe", body=other)
    assert refused(stale) == (409, "stale-revision", "content_hash")
    assert world.do("POST", f"{path}/approve", by="zoe", body=seen)["definition_version"] == 1
    shown = world.ok("GET", path, by="ann")
    assert (shown["published_by"], shown["proposed_by"]) == ("zoe", "root")
    assert world.ok("GET", f"{path}/draft", by="zoe")["proposal"] is None
    back = world.call("PUT", path, by="root", raw=text(), headers=YAML)
    assert refused(back)[:2] == (403, "not-allowed")


def submitted_under(world: World, name: str) -> int:
    body = {"definition": name, "values": VALUES}
    document = world.do("POST", "/v1/documents", by="ann", body=body)["document"]
    world.do("POST", f"/v1/documents/{document}/submit", by="ann")
    return int(world.shown(document)["definition_version"])


def test_a_version_to_come_waits_and_may_be_called_off(world: World, name: str) -> None:
    path = f"/v1/definitions/{name}"
    put(world, path, text())
    begins = (datetime.now(UTC) + timedelta(days=1)).isoformat().replace("+", "%2B")  # noqa: TID251
    made = put(world, f"{path}?effective_from={begins}", text(label="Later"))
    assert made["definition_version"] == 2
    assert world.ok("GET", path, by="ann")["definition_version"] == 1
    assert submitted_under(world, name) == 1
    listed = world.ok("GET", f"{path}/versions", by="ann")["items"]
    assert [each["label"] for each in listed] == ["Purchase", "Later"]
    sooner = world.call("PUT", path, by="root", raw=text(label="Sooner"), headers=YAML)
    assert refused(sooner) == (422, "invalid", "effective_from")
    world.do("POST", f"{path}/deprecate", by="root", body={"version": 2})
    assert put(world, path, text(label="Sooner"))["definition_version"] == 3
    assert world.ok("GET", path, by="ann")["definition_version"] == 3
    for text_ in ("2020-01-01T00:00:00Z", "soon"):
        answer = world.call(
            "PUT", f"{path}?effective_from={text_}", by="root", raw=text(), headers=YAML
        )
        assert refused(answer)[2] == "effective_from"


def test_nothing_begins_under_what_is_deprecated(world: World, name: str) -> None:
    path = f"/v1/definitions/{name}"
    put(world, path, text())
    put(world, path, text(label="Second"))
    assert submitted_under(world, name) == 2
    body = {"version": 2, "reason": "wrong desk"}
    world.do("POST", f"{path}/deprecate", by="root", body=body)
    assert refused(world.call("GET", path, by="ann"))[0] == 404
    begun = world.call(
        "POST", "/v1/documents", by="ann", body={"definition": name, "values": VALUES}
    )
    assert refused(begun)[0] == 404
    listed = world.ok("GET", "/v1/definitions?limit=200", by="ann")["items"]
    assert name not in [each["definition"] for each in listed]
    shown = world.ok("GET", f"{path}?version=2", by="ann")
    assert shown["deprecation"] == "wrong desk"
    assert shown["deprecated_at"]
    assert put(world, path, text(label="Third"))["definition_version"] == 3
    assert submitted_under(world, name) == 3


def test_the_schema_is_open_to_all_and_takes_what_is_sent(world: World) -> None:
    schema = world.ok("GET", "/v1/definitions/schema")
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    assert validator.is_valid(PURCHASE)
    assert not validator.is_valid(json.loads(json.dumps(PURCHASE).replace('"label"', '"labl"')))
    answer = world.call("PUT", "/v1/definitions/schema", by="root", raw=text(), headers=YAML)
    assert answer.status_code in {405, 422}
