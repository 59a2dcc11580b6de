"""Definitions as people write them: every fault at once, with its line; texts that hurt."""

import json
import time
from pathlib import Path

import pytest

from api.definition_reading import Read, read_body, read_text
from domain.findings import Finding
from infra.definitions.reading import Language, language_of, read_source

YAML, JSON = Language.YAML, Language.JSON

RIGHT = """\
# Who may travel, and who says so.
definition: trip
label: Trip
fields:
  - {name: cost, kind: money, required: true}
  - name: deputy
    kind: person
steps:
  - name: lead
    approver: {manager: requester}
  - name: money
    approvers:
      - {role: finance}
      - {person: eva}
    counting: {rule: at_least, number: 1}
    condition: cost > money("1000")
"""

#: Fifty lines that are wrong, each in a way of its own, or in another place.
WRONG = """\
definition: Trip
labl: Trip
label: {}
milestones: soon
four_eyes: yes
self_approval: sometimes
duplicates: never
fields:
  - {name: Cost, kind: money}
  - {name: in, kind: text}
  - {name: share, kind: decimal, decimals: 9}
  - {name: free, kind: text, decimals: 3}
  - {name: means, kind: choice}
  - {name: way, kind: text, choices: [a]}
  - {name: twice, kind: text}
  - {name: twice, kind: text}
  - {name: odd, kind: number}
  - {kind: text}
  - {name: nothing}
  - {name: must, kind: text, required: 1}
  - {name: wide, kind: text, width: 3}
  - {name: 7, kind: text}
  - {name: listed, kind: choice, choices: a}
  - just a text
  - {name: pay, kind: money}
  - {name: pay_currency, kind: text}
  - {name: twin, kind: choice, choices: [a, a]}
  - {name: blank, kind: choice, choices: [" a"]}
steps:
  - {name: One, approver: {manager: requester}}
  - {name: two, approver: {role: A B}}
  - {name: two, approver: {role: a}}
  - {name: three, approver: {person: ANN}}
  - {name: four, approver: {field: nobody}}
  - {name: five, approver: {manager: nobody}}
  - {name: six, approver: {chain: requester, levels: 99}}
  - {name: seven, approver: {role: a, weight: 0}}
  - {name: eight, approver: {role: a, levels: 3}}
  - {name: nine, approver: {role: a}, condition: pay > 5}
  - {name: ten, approver: {role: a}, condition: "pay >"}
  - {name: eleven}
  - {name: twelve, approvers: []}
  - {name: c1, approver: {role: a}, counting: {rule: at_least, number: 2}}
  - {name: c2, approver: {role: a}, counting: {rule: all, number: 2}}
  - {name: c3, approver: {role: a}, counting: {rule: percent, percent: "0"}}
  - {name: c4, approver: {role: a}, counting: {persons: 0}}
  - {name: c5, approver: {role: a}, counting: {rule: most}}
  - {name: r1, approver: {role: a}, rejection: {to: step, step: r2}}
  - {name: r2, approver: {role: a}, rejection: {to: end, step: r1}}
  - {name: r3, approver: {role: a}, rejection: {most_times: 0}}
  - {name: w1, approver: {role: a}, watches: [free, none]}
  - {name: b1, branches: [[{name: b2, approver: {role: a}}]]}
  - {name: odd1, approver: {}}
  - {name: odd2, approver: {role: a, person: b}}
  - {name: odd3, approver: {role: a}, in_order: 1}
"""


def findings(text: str | bytes, language: Language = YAML) -> list[Finding]:
    raw = text if isinstance(text, bytes) else text.encode()
    return list(read_text(raw, language).findings)


def test_a_right_definition_has_no_findings_in_either_language() -> None:
    yaml = read_text(RIGHT.encode())
    assert (yaml.name, yaml.stands, list(yaml.findings)) == ("trip", True, [])
    plain = json.dumps(read_source(RIGHT.encode()).value)
    assert read_text(plain.encode(), JSON) == yaml


def test_a_definition_wrong_in_fifty_ways_has_fifty_findings_with_their_lines() -> None:
    found = findings(WRONG)
    wrong = [
        number
        for number, line in enumerate(WRONG.splitlines(), 1)
        if not line.startswith(("fields", "steps"))
    ]
    named = {each.line for each in found}
    lines = WRONG.splitlines()
    assert len(wrong) >= 51
    # These are right by themselves: it is their twins that are wrong.
    assert [lines[number - 1] for number in wrong if number not in named] == [
        "  - {name: twice, kind: text}",
        "  - {name: pay_currency, kind: text}",
    ]
    assert len(found) >= 50
    assert all(each.place and each.message and each.column for each in found)


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("    counting: {rule: at_least, number: 3}", "steps.1.counting.number"),
        ("      - {role: FIN}", "steps.1.approvers.0.role"),
        ("    approver: {manager: deputi}", "steps.0.approver.manager"),
        ("  - {name: cost, kind: text, decimals: 3}", "fields.0.decimals"),
    ],
)
def test_a_place_is_in_the_words_of_the_text(line: str, place: str) -> None:
    key = line.strip(" -{").split(":")[0]
    lines = RIGHT.splitlines()
    at = next(number for number, each in enumerate(lines) if each.strip(" -{").split(":")[0] == key)
    if key == "name":
        at = 4
    lines[at] = line
    found = [each for each in findings("\n".join(lines)) if each.place == place]
    assert [each.line for each in found] == [at + 1]


def test_what_is_missing_is_told_where_it_should_be() -> None:
    (found,) = findings(RIGHT.replace("  - name: lead\n    approver", "  - approver"))
    assert (found.place, found.line, found.code) == ("steps.0.name", 9, "missing_field")


def test_nothing_is_said_of_what_only_follows() -> None:
    found = findings(RIGHT.replace("kind: money, required: true", "kind: monney"))
    assert [each.place for each in found] == ["fields.0.kind"]


# ---- YAML means one thing


@pytest.mark.parametrize(
    "text",
    [
        *("no", "yes", "on", "Off", "y", "True", "NULL", "~", "="),
        *("1:30", "010", "0o7", "0x1F", "1_000", "2026-01-01", "+1", "1.", ".5"),
    ],
)
def test_a_text_stays_a_text(text: str) -> None:
    source = read_source(f"a: {text}\n{text}: b".encode())
    assert (source.value, source.findings) == ({"a": text, text: "b"}, [])


@pytest.mark.parametrize(
    ("text", "value"),
    [("null", None), ("", None), ("true", True), ("-12", -12), ("1.5e3", 1500.0), ("'no'", "no")],
)
def test_a_scalar_is_read_by_the_rules_of_json(text: str, value: object) -> None:
    found = read_source(f"a: {text}".encode()).value
    assert found == {"a": value}
    assert isinstance(found, dict)
    assert type(found["a"]) is type(value)


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("a: 1\nb: 2\na: 3", "the key a stands twice, first in line 1", 3),
        ("a: &x [1]\nb: 2", "no anchors and aliases", 1),
        ("a: [1]\nb: {<<: *x}", "no YAML: found undefined alias|no anchors", 2),
        ("a:\n  - .nan", ".nan is no number", 2),
        ("a: -.inf", "-.inf is no number", 1),
        ("a: NaN", "NaN is no number", 1),
        ("a: 12345678901234567", "at most 16 digits", 1),
        ("a: 1e999", "too large", 1),
        ("1: 2", "a key is a text", 1),
        ("true: 2", "a key is a text", 1),
        ("? [a]\n: 2", "a key is a text", 1),
        ("a: !!python/object:os.system x", "no tags", 1),
        ("a: !!str 1", "no tags", 1),
        ("a: 1\n---\na: 2", "one text holds one definition", 2),
        ("a: [1", "no YAML", 2),
        ("a:\n\t- b", "no YAML", 2),
        ("- a", "a definition is an object", None),
        ("", "a definition is an object", None),
        ("a: \0", "no YAML", None),
    ],
)
def test_what_could_be_understood_otherwise_is_found(
    text: str, message: str, line: int | None
) -> None:
    found = findings(text)
    assert any(
        any(part in each.message for part in message.split("|")) and each.line == line
        for each in found
    ), found
    assert read_text(text.encode()).content is None


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ('{"a": 1,\n "a": 2}', "the key a stands twice", 2),
        ('{"a": NaN}', "NaN is no JSON number", 1),
        ('{"a": -Infinity}', "-Infinity is no JSON number", 1),
        ('{"a": 1e999}', "digits", 1),
        ('{"a": 010}', "no JSON", 1),
        ("{'a': 1}", "a key in quotes", 1),
        ('{"a": 1,}', "a key in quotes", 1),
        ('{"a": "\\ud800"}', "half a character", 1),
        ('{"a": 1} x', "one text holds one value", 1),
        ('{"a":\n\n // no comments', "a value is expected", 3),
        ('{"a": "\n"}', "no JSON", 1),
    ],
)
def test_json_is_json(text: str, message: str, line: int) -> None:
    found = findings(text, JSON)
    assert any(message in each.message and each.line == line for each in found), found


def test_what_is_not_utf_8_is_told_with_its_line() -> None:
    (found,) = findings(b"a: 1\nb: \xff")
    assert (found.line, found.message) == (2, "the text is not UTF-8: byte 9")


def test_a_mark_of_the_byte_order_is_passed_over() -> None:
    assert findings(b"\xef\xbb\xbf" + RIGHT.encode()) == []


def test_escaped_pairs_are_whole_characters() -> None:
    assert read_source(b'{"a": "\\ud83d\\ude00"}', JSON).value == {"a": "😀"}


def test_a_language_is_told_by_how_the_text_begins() -> None:
    assert language_of('\n {"definition": "x"}') is language_of("{}") is JSON
    assert language_of(RIGHT) is language_of("{definition: x}") is YAML


# ---- texts that are made to hurt


def bomb() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 20)]
    return "\n".join(lines)


HURTING = {
    "aliases": bomb(),
    "deep": "[" * 200_000,
    "deep objects": "{a: " * 60_000,
    "deep keys": "? " * 120_000,
    "deep lists": "- " * 120_000,
    "too large": "a: b\n" * 100_000,
    "10 000 steps": "definition: x\nfields: []\nsteps:\n"
    + "".join(f"- {{name: s{n}, approver: {{role: a}}}}\n" for n in range(6_000)),
    "steps in steps": "definition: x\nfields: []\nsteps: "
    + "[{name: a, branches: [" * 15
    + "]}]" * 15,
    "keys": "{" + ", ".join(f"k{n}: 1" for n in range(20_000)) + "}",
    "findings": "definition: x\nfields:\n" + "- {a: 1, b: 2, c: 3}\n" * 4_000,
}


@pytest.mark.parametrize("name", HURTING)
def test_a_text_that_is_made_to_hurt_is_refused_in_time(name: str) -> None:
    begun = time.process_time()
    found = findings(HURTING[name])
    assert 1 <= len(found) <= 1_000
    assert time.process_time() - begun < 5


def test_too_many_steps_are_told_without_looking_at_all() -> None:
    steps = [{"name": f"s{n}", "approver": {"role": "A"}} for n in range(10_000)]
    found = read_body({"definition": "x", "fields": [], "steps": steps}).findings
    assert any(each.place == "steps" and "10000" in each.message for each in found)
    assert len(found) <= 1_000


# ---- the name


@pytest.mark.parametrize(
    ("said", "asked", "places"),
    [
        ("definition: trip\n", "", []),
        ("definition: trip\n", "trip", []),
        ("", "trip", []),
        ("definition: trip\n", "journey", ["definition"]),
        ("", "", ["definition"]),
        ("definition: Trip\n", "", ["definition"]),
    ],
)
def test_a_text_need_not_say_the_name_that_is_known(
    said: str, asked: str, places: list[str]
) -> None:
    text = RIGHT.replace("definition: trip\n", said)
    found: Read = read_text(text.encode(), YAML, asked)
    assert [each.place for each in found.findings] == places
    assert found.stands == (not places)


def test_the_guides_examples_stand(request: pytest.FixtureRequest) -> None:
    page = (Path(request.config.rootpath) / "docs" / "definitions.md").read_text()
    examples = [block.partition("```")[0] for block in page.split("```yaml\n")[1:]]
    whole = [each for each in examples if each.startswith(("definition:", "#"))]
    assert whole
    for each in whole:
        assert findings(each) == [], each
