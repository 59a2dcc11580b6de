"""What the content of a definition must be, so that no document meets a flow that cannot run."""

from collections.abc import Iterator, Sequence

from domain.definition.content import Content
from domain.definition.form_checks import check_form
from domain.definition.step_checks import check_steps
from domain.definition.wording import check_count, check_label, check_names
from domain.findings import Finding
from domain.names import NAME_FORM, is_name

MOST_MILESTONES = 20


def check_content(content: Content) -> Sequence[Finding]:
    """Return everything that is wrong with a definition's content, in the order of its parts.

    The work is bounded, whatever the content: what is beyond the bounds of a list is counted, and
    not looked at.
    """
    return [
        *check_label(content.label, "label"),
        *check_form(content),
        *check_steps(content),
        *_check_milestones(content),
    ]


def _check_milestones(content: Content) -> Iterator[Finding]:
    yield from check_count(content.milestones, 0, MOST_MILESTONES, "milestones")
    looked_at = content.milestones[:MOST_MILESTONES]
    yield from check_names((milestone.name for milestone in looked_at), "milestones")
    for number, milestone in enumerate(looked_at):
        yield from check_label(milestone.label, f"milestones.{number}.label")
        if not is_name(milestone.role):
            yield Finding(f"milestones.{number}.role", f"a role is {NAME_FORM}")
