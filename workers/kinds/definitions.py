"""The definitions that documents name, as the views show them."""

import msgspec

from domain.definition.content import Content
from domain.document.facts import Published
from infra.views.queries.definitions import DefinitionQueries


class UnknownDefinitionError(LookupError):
    """The views do not show the definition that a document names: try again when they do."""


def published(definitions: DefinitionQueries, name: str, version: int) -> Published:
    """Return a published version, its hash as it was published. One statement.

    Raises:
        UnknownDefinitionError: the views do not show it.
    """
    _, row = definitions.one(name, version)
    if row is None:
        raise UnknownDefinitionError(f"the views do not show version {version} of {name}")
    content = msgspec.convert(row["content"], Content)
    return Published(name, version, content, str(row["content_hash"]))
