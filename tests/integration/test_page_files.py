"""How the page is served: its types, its tags, and what it may load."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import falcon
import pytest
from falcon import testing

from api.app import create_app
from api.resources.page import FOLDER, Files
from api.resources.sessions import gateway_url
from infra.bootstrap import Parts
from infra.settings import Settings

SETTINGS = Settings.from_env(
    {
        "RINGI_DATABASE_URL": "mysql+pymysql://nobody@localhost/",
        "RINGI_REDIS_URL": "unix:///nowhere",
    }
)


@pytest.fixture(scope="module")
def client() -> Iterator[testing.TestClient]:
    parts = Parts(SETTINGS)
    yield testing.TestClient(create_app(parts))
    parts.close()


def test_the_page_may_load_from_its_own_host_alone(client: testing.TestClient) -> None:
    answer = client.simulate_get("/", headers={"Host": "ringi.example:8400", "Accept": "text/html"})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = answer.headers["Content-Security-Policy"]
    assert policy == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
        " connect-src 'self' ws://ringi.example:8401; base-uri 'none'; form-action 'self';"
        " frame-ancestors 'none'"
    )
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("host", ["a; script-src *", "a b", "a,b", "", "'unsafe-inline'"])
def test_an_odd_host_adds_nothing_to_the_policy(client: testing.TestClient, host: str) -> None:
    policy = client.simulate_get("/", headers={"Host": host}).headers["Content-Security-Policy"]
    assert "connect-src 'self';" in policy
    assert policy.count("script-src") == 1


@pytest.mark.parametrize("path", ["/", "/static/main.js", "/v1", "/v1/me", "/nothing", "/healthz"])
def test_no_answer_can_be_put_into_a_frame(client: testing.TestClient, path: str) -> None:
    policy = client.simulate_get(path).headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy.split("; ")


def test_the_page_is_nowhere_but_at_the_root(client: testing.TestClient) -> None:
    assert client.simulate_get("/static/index.html").status_code == 404
    assert not [name for name in Files().by_name if name.endswith(".html")]


FILES = [path for path in sorted(FOLDER.iterdir()) if path.name != "index.html"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_file_is_served_with_its_type_and_tag(client: testing.TestClient, path: Path) -> None:
    kinds = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
    answer = client.simulate_get(f"/static/{path.name}", headers={"Accept": kinds[path.suffix]})
    assert answer.content == path.read_bytes()
    assert answer.headers["Content-Type"].partition(";")[0] == kinds[path.suffix]
    assert answer.headers["Cache-Control"] == "no-cache"
    again = client.simulate_get(
        f"/static/{path.name}", headers={"If-None-Match": answer.headers["ETag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    other = client.simulate_get(f"/static/{path.name}", headers={"If-None-Match": '"x"'})
    assert other.status_code == 200


@pytest.mark.parametrize("name", ["nothing.js", "..%2f__init__.py", "%2e%2e", "__init__.py"])
def test_what_is_not_the_pages_is_not_served(client: testing.TestClient, name: str) -> None:
    assert client.simulate_get(f"/static/{name}").status_code == 404


def test_the_page_names_nothing_elsewhere_and_holds_no_code() -> None:
    for path in FOLDER.iterdir():
        text = path.read_text()
        hosts = set(re.findall(r"https?://[^\s\"'`)]+", text)) - {"http://www.w3.org/2000/svg"}
        assert not hosts, path.name
        assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\(", text)
    page = (FOLDER / "index.html").read_text()
    assert not re.search(r"<script(?![^>]* src=)|\son\w+=|style=", page)


@pytest.mark.parametrize(
    ("scheme", "host", "public", "expected"),
    [
        ("http", "127.0.0.1:8400", None, "ws://127.0.0.1:8401/ws"),
        ("http", "[::1]:8400", None, "ws://[::1]:8401/ws"),
        ("https", "ringi.example", None, "wss://ringi.example/ws"),
        ("http", "ringi.example:8080", None, "ws://ringi.example:8080/ws"),
        ("https", "ringi.example", "wss://push.example/ws", "wss://push.example/ws"),
        ("http", "evil example", None, ""),
    ],
)
def test_the_page_is_told_where_the_gateway_is(
    scheme: str, host: str, public: str | None, expected: str
) -> None:
    req = testing.create_req(scheme=scheme, headers={"Host": host})
    assert isinstance(req, falcon.Request)
    assert gateway_url(req, replace(SETTINGS, public_gateway_url=public)) == expected


LIGHT, DARK = (FOLDER / "style.css").read_text().split("@media (prefers-color-scheme: dark)")[:2]
ON_PAPER = [
    *(("ink", ground) for ground in ("paper", "sheet", "sunk", "tint")),
    *(("soft", ground) for ground in ("paper", "sheet", "sunk", "tint")),
    *(("indigo", ground) for ground in ("paper", "sheet")),
    ("indigo-deep", "tint"),
    ("on-indigo", "indigo"),
    ("on-indigo", "indigo-deep"),
    ("seal", "sheet"),
    ("sheet", "seal"),
    *((kind, f"{kind}-tint") for kind in ("good", "bad", "wait")),
    ("bad", "sheet"),
    ("bad", "tint"),
]


@pytest.mark.parametrize("sheet", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), ON_PAPER)
def test_every_text_can_be_read_on_its_ground(sheet: str, ink: str, ground: str) -> None:
    """WCAG 2.2, success criterion 1.4.3: a contrast of 4.5 to 1."""
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", sheet.partition("}")[0]))
    bright, dim = sorted((luminance(colours[ink]), luminance(colours[ground])), reverse=True)
    assert (bright + 0.05) / (dim + 0.05) >= 4.5


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
