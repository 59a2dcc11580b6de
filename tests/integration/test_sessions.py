"""Signing in to the page: what the cookie is, what it opens, and what ends it."""

from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from falcon.testing import Result

from api.sessions import PAGE_HEADER
from infra.stack import MariaDBServer
from tests.integration.api_world import VALUES, World, a_company

HOST = "ringi.example:8400"
#: Of a page that shows nobody.
PAGE = {"Host": HOST, "Origin": f"http://{HOST}", PAGE_HEADER: "-"}
NEW = {"definition": "purchase", "values": VALUES}


@pytest.fixture(scope="module")
def world(server: MariaDBServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with a_company(server, Path(tmp_path_factory.mktemp("redis")), "sessions") as world:
        yield world


def new_person(world: World) -> str:
    """Return the login of somebody who has just come, with a token."""
    login = f"p{uuid4().hex[:8]}"
    world.add_person(login)
    world.pump()
    return login


class SignedIn(str):
    """The Cookie header of a browser, which also knows whom its page shows."""

    __slots__ = ("login",)

    login: str


def sign_in(world: World, login: str, **headers: str) -> SignedIn:
    """Return the Cookie header that the browser sends from now on."""
    answer = world.call(
        "POST", "/v1/session", body={"token": world.secrets[login]}, headers=PAGE | headers
    )
    assert answer.status_code == 201, answer.text
    cookie = SignedIn(cookie_of(answer))
    cookie.login = login
    return cookie


def cookie_of(answer: Result) -> str:
    return answer.headers["Set-Cookie"].partition(";")[0]


def with_cookie(world: World, method: str, path: str, cookie: str, **given: Any) -> Result:
    shown = {PAGE_HEADER: cookie.login} if isinstance(cookie, SignedIn) else {}
    return world.call(method, path, headers=PAGE | shown | {"Cookie": cookie}, **given)


def problem(answer: Result) -> tuple[int, str, str]:
    found = answer.json
    return answer.status_code, found["type"].rpartition(":")[2], found.get("place", "")


def test_the_cookie_is_for_this_site_and_no_script(world: World) -> None:
    body = {"token": world.secrets["ann"]}
    answer = world.call("POST", "/v1/session", body=body, headers=PAGE)
    (morsel,) = SimpleCookie(answer.headers["Set-Cookie"]).values()
    assert morsel.key == "ringi_session"
    assert (morsel["path"], morsel["samesite"], morsel["httponly"]) == ("/", "Strict", True)
    assert (morsel["max-age"], morsel["expires"], morsel["domain"]) == ("", "", "")
    assert not morsel["secure"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json["login"] == "ann"
    assert world.secrets["ann"] not in answer.text + answer.headers["Set-Cookie"]


def test_over_https_the_cookie_is_secure_and_bound_to_the_host(world: World) -> None:
    def ask(method: str, **given: Any) -> Result:
        headers = {"Host": "ringi.example", "Origin": "https://ringi.example", PAGE_HEADER: "ann"}
        headers |= given.pop("headers", {})
        return world.client.simulate_request(
            method, "/v1/session", protocol="https", headers=headers, **given
        )

    answer = ask("POST", json={"token": world.secrets["ann"]})
    (morsel,) = SimpleCookie(answer.headers["Set-Cookie"]).values()
    assert (morsel.key, morsel["secure"], morsel["path"]) == ("__Host-ringi_session", True, "/")
    signed_in = {"Cookie": cookie_of(answer)}
    assert ask("GET", headers=signed_in).json["login"] == "ann"
    ended = ask("DELETE", headers=signed_in)
    (morsel,) = SimpleCookie(ended.headers["Set-Cookie"]).values()
    assert (morsel.value, morsel["secure"]) == ("", True)
    assert morsel["expires"].startswith("Thu, 01 Jan 1970")
    assert ask("GET", headers=signed_in).json["login"] is None


def test_a_session_opens_what_its_token_opens(world: World) -> None:
    cookie = sign_in(world, "ann")
    assert with_cookie(world, "GET", "/v1/me", cookie).json["login"] == "ann"
    created = with_cookie(world, "POST", "/v1/documents", cookie, body=NEW)
    assert created.status_code == 201
    ticket = with_cookie(world, "POST", "/v1/tickets", cookie).json["ticket"]
    credential = world.parts.access.redeem(ticket)
    assert credential is not None
    actor = world.parts.access.holder(credential)
    assert actor is not None
    assert actor.login == "ann"
    assert with_cookie(world, "GET", "/v1/people/mia/tokens", cookie).status_code == 403


def test_who_is_signed_in_is_told_to_everybody_about_themselves_alone(world: World) -> None:
    assert world.ok("GET", "/v1/session", headers=PAGE)["login"] is None
    cookie = sign_in(world, "mia")
    assert with_cookie(world, "GET", "/v1/session", cookie).json["login"] == "mia"
    assert with_cookie(world, "GET", "/v1/session", "ringi_session=x").json["login"] is None


FOREIGN = [
    ({PAGE_HEADER: "root"}, "Origin"),
    ({PAGE_HEADER: "root", "Origin": "https://evil.example"}, "Origin"),
    ({PAGE_HEADER: "root", "Origin": "null"}, "Origin"),
    ({PAGE_HEADER: "root", "Origin": "http://ringi.example:8401"}, "Origin"),
    ({PAGE_HEADER: "root", "Origin": "http://ringi.example:8400.evil.example"}, "Origin"),
    ({PAGE_HEADER: "root", "Origin": "http://[ringi"}, "Origin"),
    ({"Origin": f"http://{HOST}"}, PAGE_HEADER),
]


@pytest.mark.parametrize(("headers", "place"), FOREIGN, ids=str)
@pytest.mark.parametrize(
    "wanted",
    [
        ("POST", "/v1/documents", NEW),
        ("PUT", "/v1/people/ann/manager", {"manager": "fay"}),
        ("POST", "/v1/tickets", None),
        ("DELETE", "/v1/session", None),
    ],
    ids=str,
)
def test_another_sites_page_can_do_nothing_with_the_cookie(
    world: World, wanted: tuple[str, str, object], headers: dict[str, str], place: str
) -> None:
    method, path, body = wanted
    cookie = sign_in(world, "root")
    before = world.events()
    answer = world.call(method, path, body=body, headers={"Host": HOST, "Cookie": cookie} | headers)
    assert problem(answer) == (403, "foreign-page", place)
    assert world.events() == before
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert with_cookie(world, "GET", "/v1/me", cookie).json["login"] == "root"


@pytest.mark.parametrize(("headers", "place"), FOREIGN, ids=str)
def test_another_sites_page_can_sign_nobody_in(
    world: World, headers: dict[str, str], place: str
) -> None:
    body = {"token": world.secrets["bob"]}
    answer = world.call("POST", "/v1/session", body=body, headers={"Host": HOST} | headers)
    assert problem(answer) == (403, "foreign-page", place)
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("shown", ["mia", "-", "", "ann,mia", "ANN"])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v1/me", None),
        ("POST", "/v1/documents", NEW),
        ("POST", "/v1/tickets", None),
        ("DELETE", "/v1/session", None),
    ],
)
def test_a_page_that_shows_somebody_else_can_neither_act_nor_read(
    world: World, method: str, path: str, body: object, shown: str
) -> None:
    cookie = sign_in(world, "ann")
    before = world.events()
    headers = PAGE | {PAGE_HEADER: shown, "Cookie": cookie}
    answer = world.call(method, path, body=body, headers=headers)
    assert problem(answer) == (409, "other-person", PAGE_HEADER)
    assert world.events() == before
    assert with_cookie(world, "GET", "/v1/me", cookie).json["login"] == "ann"


def test_a_link_is_followed_and_who_is_signed_in_is_told_whomever_the_page_shows(
    world: World,
) -> None:
    cookie = sign_in(world, "ann")
    assert world.ok("GET", "/v1/me", headers={"Host": HOST, "Cookie": cookie})["login"] == "ann"
    asked = PAGE | {PAGE_HEADER: "mia", "Cookie": cookie}
    assert world.ok("GET", "/v1/session", headers=asked)["login"] == "ann"


def test_a_bearer_needs_no_page_and_its_header_counts_before_the_cookie(world: World) -> None:
    cookie = sign_in(world, "ann")
    bearer = {"Authorization": f"Bearer {world.secrets['mia']}", "Cookie": cookie}
    assert world.ok("GET", "/v1/me", headers=bearer)["login"] == "mia"
    assert world.ok("POST", "/v1/tickets", headers=bearer)["ticket"]
    void = {"Authorization": "Bearer rt_void", "Cookie": cookie}
    assert problem(world.call("GET", "/v1/me", headers=void))[0] == 401


def test_signing_out_makes_the_cookie_void_also_for_who_kept_it(world: World) -> None:
    cookie = sign_in(world, "ann")
    answer = with_cookie(world, "DELETE", "/v1/session", cookie)
    assert (answer.status_code, cookie_of(answer)) == (200, 'ringi_session=""')
    kept = with_cookie(world, "GET", "/v1/me", cookie)
    assert problem(kept) == (401, "unauthenticated", "Cookie")
    assert with_cookie(world, "DELETE", "/v1/session", cookie).status_code == 200


def test_who_signs_in_again_leaves_no_session_behind(world: World) -> None:
    first = sign_in(world, "ann")
    second = sign_in(world, "mia", Cookie=first)
    assert with_cookie(world, "GET", "/v1/me", first).status_code == 401
    assert with_cookie(world, "GET", "/v1/me", second).json["login"] == "mia"


def test_a_revoked_token_ends_its_sessions_at_the_next_request(world: World) -> None:
    login = new_person(world)
    cookie = sign_in(world, login)
    (token,) = world.ok("GET", f"/v1/people/{login}/tokens", by="root")["items"]
    world.do("DELETE", f"/v1/people/{login}/tokens/{token['token']}", by="root")
    assert problem(with_cookie(world, "GET", "/v1/me", cookie))[1] == "unauthenticated"


def test_whoever_is_deactivated_is_signed_out(world: World) -> None:
    login = new_person(world)
    cookie = sign_in(world, login)
    world.do("POST", f"/v1/people/{login}/deactivate", by="root")
    assert with_cookie(world, "GET", "/v1/me", cookie).status_code == 401
    body = {"token": world.secrets[login]}
    assert world.call("POST", "/v1/session", body=body, headers=PAGE).status_code == 401


def test_roles_are_those_of_now(world: World) -> None:
    login = new_person(world)
    cookie = sign_in(world, login)
    assert with_cookie(world, "GET", "/v1/inbox?person=mia", cookie).status_code == 403
    world.do("PUT", f"/v1/people/{login}/roles/auditor", by="root")
    assert with_cookie(world, "GET", "/v1/inbox?person=mia", cookie).status_code == 200


@pytest.mark.parametrize("what", ["session", "token"])
def test_what_has_expired_opens_nothing(world: World, what: str) -> None:
    login = new_person(world)
    cookie = sign_in(world, login)
    token = world.parts.generations.table("workspace", "token")
    table = f"{world.settings.views}.session" if what == "session" else token
    with world.parts.writing.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET expires_at = UTC_TIMESTAMP(6) WHERE login = %s", (login,)
        )
    assert with_cookie(world, "GET", "/v1/me", cookie).status_code == 401


def test_sessions_that_have_expired_are_removed_when_another_begins(world: World) -> None:
    sign_in(world, "ann")
    sessions = f"{world.settings.views}.session"
    with world.parts.writing.cursor() as cursor:
        cursor.execute(f"UPDATE {sessions} SET expires_at = UTC_TIMESTAMP(6) WHERE login = 'ann'")
        sign_in(world, "mia")
        cursor.execute(f"SELECT COUNT(*) FROM {sessions} WHERE login = 'ann'")
        assert cursor.fetchone() == (0,)


def test_a_redis_that_is_flushed_signs_nobody_out(world: World) -> None:
    cookie = sign_in(world, "ann")
    world.parts.redis.flushall()
    assert with_cookie(world, "GET", "/v1/me", cookie).json["login"] == "ann"


def test_who_reads_the_table_can_sign_in_with_nothing_of_it(world: World) -> None:
    cookie = sign_in(world, "ann")
    secret = cookie.partition("=")[2]
    with world.parts.writing.cursor() as cursor:
        cursor.execute(f"SELECT secret_hash, token FROM {world.settings.views}.session")
        rows = cursor.fetchall()
    assert rows
    stored = [cell for row in rows for cell in (row[0].hex(), row[1])]
    assert secret not in stored
    for each in stored:
        found = with_cookie(world, "GET", "/v1/session", f"ringi_session={each}")
        assert found.json["login"] is None


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"token": "rt_unknown"}, (401, "unauthenticated", "token")),
        ({"token": "ü" * 5000}, (401, "unauthenticated", "token")),
        ({"token": 7}, (422, "invalid", "token")),
        ({}, (422, "missing-field", "token")),
        ({"token": "x", "name": "y"}, (422, "unknown-field", "name")),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_no_token_signs_nobody_in(
    world: World, body: dict[str, object], expected: tuple[int, str, str]
) -> None:
    answer = world.call("POST", "/v1/session", body=body, headers=PAGE)
    assert problem(answer) == expected
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("cookie", ["ringi_session=", "ringi_session=a; ringi_session=b", "x=y"])
def test_a_cookie_that_is_none_of_ours_opens_nothing(world: World, cookie: str) -> None:
    assert with_cookie(world, "GET", "/v1/me", cookie).status_code == 401
