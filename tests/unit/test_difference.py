"""What differs between two contents is told path by path; hashes are for ever."""

from dataclasses import replace

from domain.definition.content import Field, FieldKind
from domain.definition.difference import Difference, Kind, differences
from domain.definition.steps import Step
from tests.builders import content, manager, role

LEAD, MONEY = Step("lead", (manager(),)), Step("money", (role("finance"),))
ONE = content(LEAD, MONEY)


def test_a_part_is_found_by_its_name_wherever_it_stands() -> None:
    other = content(Step("new", (manager(),)), LEAD, replace(MONEY, condition="true"))
    added, changed = differences(ONE, other)[::-1]
    assert (added.path, added.kind) == ("steps.new", Kind.ADDED)
    assert changed == Difference("steps.money.condition", Kind.ADDED, new="true")


def test_another_order_is_a_difference_of_the_list() -> None:
    assert differences(ONE, content(MONEY, LEAD)) == [
        Difference("steps", Kind.MOVED, ["lead", "money"], ["money", "lead"])
    ]


def test_what_changed_is_told_with_both_sides() -> None:
    other = replace(ONE, fields=(Field("title", FieldKind.CHOICE, choices=("a",)),))
    found = {each.path: each.plain for each in differences(ONE, other)}
    assert found["fields.title.kind"] == {
        "path": "fields.title.kind",
        "kind": "changed",
        "old": "text",
        "new": "choice",
    }
    assert found["fields.title.required"] == {
        "path": "fields.title.required",
        "kind": "removed",
        "old": True,
    }
    assert found["fields.cost"]["kind"] == "removed"


def test_a_contents_name_is_for_ever() -> None:
    """Options that come later have defaults, so this never changes."""
    assert ONE.hash == "e92532aa450e3836f910d91fd439bf446a25fad6d1e1a0b0d58e832339207692"


def test_letters_that_look_the_same_are_the_same() -> None:
    assert replace(ONE, label="e\u0301").hash == replace(ONE, label="é").hash
