"""A change that the gateway told, in a line for eyes."""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from api.cli.layout import WIDTH, cut, printable

#: Documents whose title is remembered: most changes tell only what has changed.
REMEMBERED = 1_000

#: Names of fields that are taken for a title, before any other text.
_TITLES = ("title", "subject")

#: Characters of a title that are shown.
_TITLE = 24

#: Characters that tell one document's, person's or job's name from others.
_SHORT = 8


class Lines:
    """Makes a line of each change: when, what about, what happened, who. For one thread."""

    def __init__(self) -> None:
        self._titles: OrderedDict[str, str] = OrderedDict()

    def of(self, message: Mapping[str, Any]) -> str:
        """Return the line, which fits on a terminal."""
        data = message["data"]
        at = datetime.fromisoformat(message["time"]).astimezone()
        kind = message["type"].partition(".")[2].replace("_", " ") or message["type"]
        said = [f"{at:%H:%M:%S}", self._subject(message), kind]
        actor = data.get("entry", {}).get("actor") or data.get("job", {}).get("requester")
        said += [f"by {actor}"] if actor else []
        said += _details(data)
        return cut("  ".join(map(_in_one_line, said)), WIDTH)

    def _subject(self, message: Mapping[str, Any]) -> str:
        document, data = message["document"], message["data"]
        if document is not None:
            title = self._title(document, data.get("document", {}).get("values"))
            return f"{document[:_SHORT]} {title}".rstrip()
        if "job" in data:
            return f"job {str(data['job']['job'])[:_SHORT]}"
        named = data.get("definition", data.get("person", {}))
        kind = str(message["type"].partition(".")[0])  # of a person only changes are told
        return str(named.get("definition") or named.get("login") or kind)

    def _title(self, document: str, values: Mapping[str, Any] | None) -> str:
        if values is not None:
            self._titles[document] = cut(title_of(values), _TITLE)
            if len(self._titles) > REMEMBERED:
                self._titles.popitem(last=False)
        return self._titles.get(document, "")


def _in_one_line(text: str) -> str:
    """Return the text in one line, without what a terminal would act on."""
    return " ".join(printable(text).split())


def title_of(values: Mapping[str, Any]) -> str:
    """Return what most likely names a document: its title or subject, else its longest text."""
    texts = {name: value for name, value in values.items() if isinstance(value, str)}
    named = (texts[name] for name in _TITLES if texts.get(name))
    return next(named, max(texts.values(), key=len, default=""))


def _details(data: Mapping[str, Any]) -> list[str]:
    """Return how far a job is and why it failed, whose tasks were opened, which were closed."""
    job = data.get("job", {})
    said = [f"{job['done']} of {job['total']}"] if job.get("total") else []
    said += [job["error"]] if job.get("error") else []
    said += [f"task for {each['assignee']}" for each in data.get("opened", ())]
    if data.get("closed"):
        said += [f"closes {', '.join(data['closed'])}"]
    return said
