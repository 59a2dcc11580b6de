"""Every setting with its value and where that came from; secrets are not shown."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum

from sqlalchemy.engine import URL

from infra.settings import Settings, variable, with_local

#: A password in a URL: behind the account's colon, up to the last @ of this URL.
_PASSWORD = re.compile(r"(://[^:@/\s]*):.*@", re.DOTALL)

#: A parameter of a URL. Drivers take secrets there too, by many names and within other values.
_PARAMETER = re.compile(r"([?&])([^=&]*)=([^&]*)")

#: The parameters whose values are shown.
_HARMLESS = frozenset(
    {"charset", "unix_socket", "ssl_ca", "connect_timeout", "db", "protocol", "starttls"}
)

#: Where one URL of several ends.
_NEXT_URL = re.compile(r"[\s,]+(?=[a-z0-9+]+://)")


class Source(StrEnum):
    """Where a value came from; the first that has one wins."""

    ENVIRONMENT = "environment"
    LOCAL = "local installation"
    DEFAULT = "default"


@dataclass(frozen=True)
class Given:
    """One setting."""

    name: str
    value: str
    """As it was written, with `***` for a secret; of a default what it comes to."""
    source: Source


def given(
    local: Mapping[str, str], environ: Mapping[str, str], settings: Settings | None
) -> list[Given]:
    """Return every setting in the order of their list.

    `settings`: what they come to; None if they are not right, and then defaults are not shown.
    """
    merged = with_local(local, environ)
    rows = []
    for each in fields(Settings):
        name = variable(each.name)
        if environ.get(name):
            rows.append(Given(name, masked(environ[name]), Source.ENVIRONMENT))
        elif merged.get(name):
            rows.append(Given(name, masked(merged[name]), Source.LOCAL))
        else:
            value = None if settings is None else getattr(settings, each.name)
            rows.append(Given(name, masked(_text(value)), Source.DEFAULT))
    return rows


def masked(text: str) -> str:
    """Return `text` without the secrets of the URLs in it."""
    urls = _NEXT_URL.split(text)
    return " ".join(_PARAMETER.sub(_shown, _PASSWORD.sub(r"\1:***@", url)) for url in urls)


def _shown(parameter: re.Match[str]) -> str:
    sign, name, value = parameter.groups()
    return f"{sign}{name}={value if name in _HARMLESS else '***'}"


def _text(value: object) -> str:
    if value is None or value == ():
        return ""
    return value.render_as_string() if isinstance(value, URL) else str(value)
