"""People at browsers, for tests of the page: each with a session of their own."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Request

from tests.e2e.machine import Machine

CHROMIUM = "/usr/bin/chromium"

#: No sandbox: tests may run as root. The rest keeps the browser from calling home.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

#: By login: the name, the manager, the roles.
PEOPLE: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "haru": ("Haru Tanaka 田中 春", "", ()),
    "emil": ("Emil Sørensen", "haru", ()),
    "noor": ("Noor Haddad", "", ("treasury",)),
    "ines": ("Inês Carvalho", "", ("board",)),
    "tomo": ("Tomo Ishii", "", ("board",)),
    "dara": ("Dara Okonkwo", "", ("board", "counsel")),
    "lena": ("Lena Fischer", "", ("counsel",)),
}

EQUIPMENT: Mapping[str, Any] = {
    "definition": "equipment",
    "label": "Equipment request",
    "fields": [
        {"name": "subject", "kind": "text", "label": "What is needed", "required": True},
        {"name": "reason", "kind": "text", "label": "Why"},
        {"name": "cost", "kind": "money", "label": "Cost", "required": True},
        {"name": "pieces", "kind": "integer", "label": "Pieces"},
        {"name": "category", "kind": "choice", "choices": ["tools", "furniture", "software"]},
    ],
    "steps": [
        {"name": "lead", "label": "Line manager", "approver": {"manager": "requester"}},
        {
            "name": "treasury",
            "label": "Treasury",
            "approver": {"role": "treasury"},
            "condition": 'cost != null && cost >= money("1000")',
        },
    ],
    "milestones": [{"name": "ordered", "role": "treasury", "label": "Ordered"}],
}

#: A board of three and a counsel decide side by side; then the treasury, which may send it back.
INVESTMENT: Mapping[str, Any] = {
    **EQUIPMENT,
    "definition": "investment",
    "label": "Investment",
    "steps": [
        {
            "name": "review",
            "label": "Review",
            "branches": [
                [
                    {
                        "name": "board",
                        "label": "Board",
                        "approver": {"members": "board", "veto": True},
                        "counting": {"rule": "at_least", "number": 2},
                        "rejection": {"to": "end"},
                    }
                ],
                [{"name": "counsel", "label": "Legal counsel", "approver": {"role": "counsel"}}],
            ],
        },
        {
            "name": "treasury",
            "label": "Treasury",
            "approver": {"role": "treasury"},
            "rejection": {"to": "previous"},
        },
    ],
    "milestones": [],
}

VALUES: Mapping[str, Any] = {
    "subject": "A kiln for the pottery workshop",
    "reason": "The old one is worn out.",
    "cost": {"amount": "12480.00", "currency": "EUR"},
    "pieces": 1,
    "category": "tools",
}


@dataclass
class Visitor:
    """Somebody at a browser."""

    page: Page
    url: str
    errors: list[str] = field(default_factory=list)
    """What the browser's console called an error."""
    asked: list[str] = field(default_factory=list)
    """The address of every request and socket."""

    def __post_init__(self) -> None:
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._requested)
        self.page.on("websocket", lambda socket: self.asked.append(socket.url))

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} {message.location.get('url')}")

    def _requested(self, request: Request) -> None:
        self.asked.append(request.url)

    def sign_in(self, token: str) -> None:
        self.page.goto(self.url)
        self.page.get_by_label("Your token").fill(token)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.get_by_role("heading", name="Inbox").wait_for()

    def open(self, document: str) -> None:
        self.page.goto(f"{self.url}/#/documents/{document}")
        self.page.locator("article.case h1").wait_for()

    def hosts(self) -> set[str | None]:
        return {urlsplit(url).hostname for url in self.asked}


def hire(machine: Machine) -> dict[str, str]:
    """Add the people and the definitions; return a token for each."""
    with machine.client("root") as root:
        for login, (name, _, _) in PEOPLE.items():
            root.command("POST", "/v1/people", {"login": login, "name": name})
        for definition in (EQUIPMENT, INVESTMENT):
            root.command("POST", "/v1/definitions", definition)
        for login, (_, manager, roles) in PEOPLE.items():
            path = f"/v1/people/{login}"
            if manager:
                root.command("PUT", f"{path}/manager", {"manager": manager})
            for role in roles:
                root.command("PUT", f"{path}/roles/{role}")
            outcome = root.command("POST", f"{path}/tokens", {"label": "page"})
            machine.tokens[login] = outcome["secret"]
            root.get("/v1/me", after_position=outcome["position"])
    return {login: machine.tokens[login] for login in PEOPLE}


@dataclass
class Office:
    """The people of `PEOPLE` on a machine, and what they work on."""

    machine: Machine
    playwright: Playwright
    browser: Browser
    tokens: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def visitor(self, login: str = "", **context: Any) -> Iterator[Visitor]:
        """Give somebody at a browser, signed in if a login is given."""
        made: BrowserContext = self.browser.new_context(**context)
        made.set_default_timeout(20_000)
        try:
            visitor = Visitor(made.new_page(), self.machine.api_url)
            if login:
                visitor.sign_in(self.tokens[login])
            yield visitor
        finally:
            made.close()

    def submitted(self, by: str = "emil", definition: str = "equipment", **values: object) -> str:
        """Return a document that somebody has just submitted."""
        with self.machine.client(by) as client:
            body = {"definition": definition, "values": {**VALUES, **values}}
            created = client.command("POST", "/v1/documents", body)
            submitted = client.command("POST", f"/v1/documents/{created['document']}/submit")
            client.get("/v1/me", after_position=submitted["position"])
        return str(created["document"])

    def decide(self, by: str, document: str, verdict: str, **members: str) -> Any:
        """Let somebody decide, by the API."""
        with self.machine.client(by) as client:
            path = f"/v1/documents/{document}"
            seen = {} if verdict == "recuse" else {"revision": client.get(path)["revision"]}
            body = {**seen, **members}
            outcome = client.command("POST", f"{path}/{verdict}", body)
            client.get("/v1/me", after_position=outcome["position"])
            return outcome
