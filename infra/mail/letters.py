"""What a mail looks like: headers that nothing can be injected into, plain text, simple HTML."""

import re
from dataclasses import dataclass, replace
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cached_property
from typing import TYPE_CHECKING
from uuid import uuid5

from domain.notices import NoticeKind, is_address
from infra.mail.deliveries import Delivery
from infra.mail.telling import Told
from infra.mail.words import one_line

if TYPE_CHECKING:
    from jinja2 import Environment, Template

#: Characters of a label or a name that a mail shows, at most.
LONGEST_PART = 80

#: Characters of a subject, at most.
LONGEST_SUBJECT = 150

#: Lines of ASCII, at most 998 of them: every server takes that (RFC 5321, section 4.5.3.1.6).
_POLICY = SMTP.clone(cte_type="7bit")

#: The names of a letter's headers, in order: there are no others.
_HEAD = (
    *("Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted"),
    *("MIME-Version", "Content-Type"),
)

#: A line's end that is half of one: some servers take it for a whole one.
_HALF_END = re.compile(rb"\r(?!\n)|(?<!\r)\n")

#: The parts of each kind of mail: its subject, its sentence. The rest is the same for all.
_SUBJECTS = {
    NoticeKind.TASK_ASSIGNED: (
        "{{ told.what }} {{ told.mark }} of {{ told.requester }} waits for your decision"
    ),
    NoticeKind.DOCUMENT_DECIDED: "Your {{ told.what }} {{ told.mark }} was {{ told.outcome }}",
    NoticeKind.JOB_FINISHED: (
        "Your {{ told.what }} {{ told.mark }}"
        " {% if told.outcome == 'succeeded' %}is ready{% else %}could not be made{% endif %}"
    ),
}
_SENTENCES = {
    NoticeKind.TASK_ASSIGNED: (
        "{{ told.what }} {{ told.mark }}, requested by {{ told.requester }},"
        " waits for your decision"
        "{% if told.step %} at the step {{ told.step }}{% endif %}."
    ),
    NoticeKind.DOCUMENT_DECIDED: (
        "Your request, {{ told.what }} {{ told.mark }}, was {{ told.outcome }}"
        "{% if told.outcome == 'returned' %} to you, and not approved{% endif %}."
    ),
    NoticeKind.JOB_FINISHED: (
        "Your {{ told.what }} {{ told.mark }}"
        "{% if told.outcome == 'succeeded' %} is ready to be downloaded."
        "{% else %} could not be made. The page says why.{% endif %}"
    ),
}
_TEXT = """\
{% include kind + '.sentence' %}

  {{ link }}

{{ told.subject }} {{ told.stream }}. What it holds is shown to those who sign in, not in mails.
You get this because a notice of this kind is switched on for you in Ringi.
"""
_HTML = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"></head>
<body style="font-family: sans-serif; line-height: 1.5; max-width: 36em">
<p>{% include kind + '.sentence.html' %}</p>
<p><a href="{{ link }}">{{ link }}</a></p>
<p style="color: #595959; font-size: 0.85em">{{ told.subject }} {{ told.stream }}.
What it holds is shown to those who sign in, not in mails.
You get this because a notice of this kind is switched on for you in Ringi.</p>
</body></html>
"""

TEMPLATES: dict[str, str] = {
    **{f"{kind}.subject": text for kind, text in _SUBJECTS.items()},
    **{f"{kind}.sentence": text for kind, text in _SENTENCES.items()},
    **{f"{kind}.sentence.html": text for kind, text in _SENTENCES.items()},
    "text": _TEXT,
    "page.html": _HTML,
}


@dataclass(frozen=True)
class Letters:
    """Writes mails. The same delivery, told in the same words, gives the same bytes each time."""

    sender: str
    """The address that they are from."""
    public_url: str
    """What links begin with."""

    def write(self, delivery: Delivery, told: Told, address: str) -> bytes:
        """Return the message as a server takes it: lines end in CR LF, all of it ASCII.

        No name or label is read as anything but text, encoded words in it neither (RFC 2047).

        Raises:
            ValueError: `address` is none, or the message came out with another head than ours.
            jinja2.TemplateError: a template fails.
        """
        if not is_address(address):
            raise ValueError(f"not an address: {address!a}")
        shown = replace(
            told,
            what=one_line(told.what, LONGEST_PART),
            requester=one_line(told.requester, LONGEST_PART),
            step=one_line(told.step, LONGEST_PART),
        )
        link = f"{self.public_url}{told.path}"
        words = {"told": shown, "kind": delivery.kind.value, "link": link}
        message = EmailMessage(_POLICY)
        message["From"] = Address("Ringi", addr_spec=self.sender)
        message["To"] = Address(addr_spec=address)
        message["Date"] = format_datetime(delivery.made_at)
        message["Message-ID"] = f"<{message_id(delivery)}@{self.sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notice in return
        message.set_content(self._template("text").render(words), cte="quoted-printable")
        html = self._template("page.html").render(words)
        message.add_alternative(html, subtype="html", cte="quoted-printable")
        for part in message.iter_parts():
            del part["MIME-Version"]  # it is of the whole message (RFC 2045, section 4)
        message.set_boundary(f"ringi-{message_id(delivery)}")
        subject = self._template(f"{delivery.kind}.subject").render(words)
        return _checked(_subject(one_line(subject, LONGEST_SUBJECT)) + message.as_bytes())

    def _template(self, name: str) -> "Template":
        return self._templates.get_template(name)

    @cached_property
    def _templates(self) -> "Environment":
        # 2 MB that only the processes need which write mails.
        from jinja2 import (  # noqa: PLC0415
            DictLoader,
            Environment,
            StrictUndefined,
            select_autoescape,
        )

        return Environment(
            loader=DictLoader(TEMPLATES),
            autoescape=select_autoescape(["html"], default=False),
            undefined=StrictUndefined,
            keep_trailing_newline=True,
        )


def _subject(text: str) -> bytes:
    """Return the header. EmailMessage would decode what looks like an encoded word in `text`."""
    charset = "us-ascii" if text.isascii() and "=?" not in text else "utf-8"
    value = Header(text, charset, header_name="Subject").encode(linesep="\r\n")
    return f"Subject: {value}\r\n".encode("ascii")


def _checked(message: bytes) -> bytes:
    """Return the message if it has our headers and whole line ends only; raise ValueError else."""
    head = message.partition(b"\r\n\r\n")[0].decode("ascii")
    names = tuple(
        line.partition(":")[0] for line in head.split("\r\n") if not line.startswith((" ", "\t"))
    )
    if names != _HEAD or _HALF_END.search(message):
        raise ValueError(f"a letter with a head or line ends that are not ours: {names!a}")
    return message


def message_id(delivery: Delivery) -> str:
    """Return the part of the Message-ID before its @: the same for every attempt at a delivery."""
    return uuid5(delivery.notice, delivery.login).hex
