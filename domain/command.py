"""What a command is: a request that may be refused, in the imperative."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Command:
    """A request to one aggregate.

    Two commands are the same request if they compare equal: what differs between a request and
    its repetition is a field with `compare=False`.
    """

    NAME: ClassVar[str]
    """The command's name to the outside, such as `approve`."""
