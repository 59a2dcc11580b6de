"""The ids of streams whose names are unique: the same name gives the same stream everywhere.

So two people who add the same login at once meet in one stream, and its version decides.
"""

from uuid import UUID, uuid5

#: This project's namespace. Another value would orphan every person and every definition.
NAMESPACE = UUID("6f1de1a5-1b0e-4c56-9d2b-2a7f0c9e5d34")


def person_stream(login: str) -> UUID:
    """Return the stream of the person with this login."""
    return uuid5(NAMESPACE, f"person:{login}")


def definition_stream(name: str) -> UUID:
    """Return the stream of the definition of this name."""
    return uuid5(NAMESPACE, f"definition:{name}")


def calendar_stream(name: str) -> UUID:
    """Return the stream of the calendar of this name."""
    return uuid5(NAMESPACE, f"calendar:{name}")
