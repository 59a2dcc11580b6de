"""The definitions that documents name, as the views show them."""

import msgspec

from domain.definition.content import Content
from infra.views.queries.definitions import DefinitionQueries


class UnknownDefinitionError(LookupError):
    """The views do not show the definition that a document names: try again when they do."""


def content_of(definitions: DefinitionQueries, name: str, version: int) -> Content:
    """Return the content of a published version. One statement.

    Raises:
        UnknownDefinitionError: the views do not show it.
    """
    _, row = definitions.one(name, version)
    if row is None:
        raise UnknownDefinitionError(f"the views do not show version {version} of {name}")
    return msgspec.convert(row["content"], Content)
