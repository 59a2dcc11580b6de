"""The demo's story: who is in it, what they agree on, what happens."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from api.cli.dashboard import Dashboard
from api.client import ProblemError, RingiClient

PEOPLE: Mapping[str, tuple[str, str, str]] = {
    "mia": ("Mia Moser", "", ""),
    "ann": ("Ann Abel", "mia", ""),
    "fay": ("Fay Ferrer", "", "finance"),
    "ida": ("Ida Iversen", "", "auditor"),
}
"""By login: the name, the manager, a role."""

PARTS: Mapping[str, str] = {
    "mia": "Ann's manager",
    "ann": "who asks",
    "fay": "of finance",
    "ida": "an auditor, who sees everything",
}
"""What each person is in the story."""

DEFINITION: Mapping[str, Any] = {
    "definition": "purchase_request",
    "label": "Purchase request",
    "fields": [
        {"name": "subject", "kind": "text", "required": True},
        {"name": "amount", "kind": "money", "required": True},
        {"name": "category", "kind": "choice", "choices": ["goods", "services", "it"]},
    ],
    "steps": [
        {"name": "manager", "approver": {"manager": "requester"}},
        {
            "name": "finance",
            "approver": {"role": "finance"},
            "condition": 'amount >= money("1000.00")',
        },
    ],
    "milestones": [{"name": "payment_requested", "role": "finance"}],
}

VALUES: Mapping[str, Any] = {
    "subject": "A coffee machine for the third floor",
    "amount": {"amount": "1890.00", "currency": "EUR"},
    "category": "goods",
}

#: What whoever tries it out may send.
REQUESTED = json.dumps({"definition": DEFINITION["definition"], "values": VALUES})

#: What it means that a command was given before: the demo may be run again.
_ALREADY = ("urn:ringi:problem:already-exists", "urn:ringi:problem:nothing-changes")

Say = Callable[[str], None]


class Story:
    """Plays it over HTTP, as anybody could."""

    def __init__(self, url: str, admin_token: str) -> None:
        self._url = url
        self._admin = RingiClient(url, admin_token)

    def set_up(self, say: Say) -> dict[str, str]:
        """Add who and what is not there yet; return a new token for each person."""
        for login, (name, _, _) in PEOPLE.items():
            self._once(say, name, "POST", "/v1/people", {"login": login, "name": name})
        for login in PEOPLE:
            path, address = f"/v1/people/{login}/address", f"{login}@ringi.example"
            self._once(say, f"mail to {address}", "PUT", path, {"address": address})
        for login, (_, manager, role) in PEOPLE.items():
            if manager:
                path = f"/v1/people/{login}/manager"
                self._once(
                    say, f"{login}'s manager is {manager}", "PUT", path, {"manager": manager}
                )
            if role:
                path = f"/v1/people/{login}/roles/{role}"
                self._once(say, f"{login} holds the role {role}", "PUT", path)
        self._once(say, "what a purchase request is", "POST", "/v1/definitions", DEFINITION)
        return {login: self._new_token(login) for login in PEOPLE}

    def tell(self, tokens: Mapping[str, str], dashboard: Dashboard, say: Say) -> UUID:
        """Let Ann ask, Mia approve, Fay approve; return the document."""
        ann, mia, fay = (RingiClient(self._url, tokens[login]) for login in ("ann", "mia", "fay"))

        def do(client: RingiClient, what: str, path: str, body: object = None) -> dict[str, Any]:
            say(f"  {what}: POST {path}")
            with dashboard.expecting() as arrived:
                outcome: dict[str, Any] = client.command("POST", path, body)
                arrived(outcome)
            return outcome

        created = do(
            ann,
            "Ann asks",
            "/v1/documents",
            {"definition": DEFINITION["definition"], "values": VALUES},
        )
        document = f"/v1/documents/{created['document']}"
        do(ann, "Ann submits", f"{document}/submit")
        seen = mia.get(document)["revision"]
        do(mia, "Mia approves what she saw", f"{document}/approve", {"revision": seen})
        seen = fay.get(document)["revision"]
        do(fay, "Fay approves, too", f"{document}/approve", {"revision": seen})
        return UUID(created["document"])

    def _once(self, say: Say, what: str, method: str, path: str, body: object = None) -> None:
        """Give an administrator's command, unless that was done before; wait until it shows."""
        try:
            outcome = self._admin.command(method, path, body)
        except ProblemError as error:
            if error.type not in _ALREADY:
                raise
            say(f"  {what}: {method} {path}: as before")
        else:
            say(f"  {what}: {method} {path}: version {outcome['version']}")
            self._shown(outcome)

    def _new_token(self, login: str) -> str:
        """Return a new secret for the person; those of earlier demos are void from now on."""
        path = f"/v1/people/{login}/tokens"
        for token in self._admin.get(path)["items"]:
            if token["label"] == "demo" and not token["revoked"]:
                self._admin.command("DELETE", f"{path}/{token['token']}")
        issued = self._admin.command("POST", path, {"label": "demo"})
        self._shown(issued)
        secret: str = issued["secret"]
        return secret

    def _shown(self, outcome: Mapping[str, Any]) -> None:
        self._admin.get("/v1/me", after_position=outcome["position"])
