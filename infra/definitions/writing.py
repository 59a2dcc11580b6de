"""A definition as YAML, such that `reading` gives the same again."""

from collections.abc import Mapping

import yaml


def as_yaml(body: Mapping[str, object]) -> str:
    """Return a definition's body as YAML, its members in the order they have.

    Texts that another reader might take for something else (`no`, `010`) are in quotes.
    """
    text: str = yaml.safe_dump(
        dict(body), sort_keys=False, allow_unicode=True, default_flow_style=False, width=100
    )
    return text
