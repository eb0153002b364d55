"""Cookies, login links and rates: who gets in, as whom, and for how long."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from domain.errors import Forged
from domain.tokens import Signer
from integrations.console import Member, Mode, Settings
from integrations.console.sessions import Pace
from tests.integrations.console.conftest import HOST, Bench, message


def value(cookie: str) -> dict[str, str]:
    return {"cookie": cookie.partition(";")[0]}


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(bench: Bench) -> None:
    made = bench.open().sessions.begin({})
    assert made
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(made.split("; "))
    assert "Secure" not in made


def test_over_https_the_cookie_is_secure(bench: Bench) -> None:
    console = bench.open()
    console.sessions._secure = True
    assert "; Secure" in (console.sessions.begin({}) or "")


def test_a_good_cookie_is_kept_and_an_old_one_replaced(bench: Bench) -> None:
    sessions = bench.open(session_hours=1).sessions
    made = sessions.begin({}) or ""
    assert sessions.begin(value(made)) is None
    bench.clock.move(timedelta(hours=2))
    with pytest.raises(Forged):
        sessions.read(value(made))
    assert sessions.begin(value(made))


def test_a_cookie_signed_by_somebody_else_is_refused(bench: Bench) -> None:
    sessions = bench.open().sessions
    forged = Signer(b"another-secret-16").sign("console.session", "s", "9999999999|*")
    with pytest.raises(Forged):
        sessions.read({"cookie": f"{sessions.cookie}={forged}"})


def test_a_token_made_for_something_else_is_no_session(bench: Bench) -> None:
    sessions = bench.open().sessions
    button = bench.signer.sign("approve", "approval:4", "9999999999|*")
    with pytest.raises(Forged):
        sessions.read({"cookie": f"{sessions.cookie}={button}"})


def test_without_a_login_there_is_no_session_in_login_mode(bench: Bench) -> None:
    bench.mode = Mode.LOGIN
    with pytest.raises(Forged):
        bench.open().sessions.begin({})


def test_a_demo_cookie_opens_nothing_in_login_mode(bench: Bench) -> None:
    demo = bench.open().sessions.begin({}) or ""
    bench.mode = Mode.LOGIN
    with pytest.raises(Forged):
        bench.open().sessions.read(value(demo))


def test_a_login_link_makes_one_person_and_adds_to_the_session(bench: Bench) -> None:
    bench.mode = Mode.LOGIN
    console = bench.open()
    token = console.login_link("li").rpartition("/")[2]
    person, nonce, until = console.sessions.open_link(token)
    assert person.user_id == "li"
    assert until > bench.clock.now()
    assert [console.room.use_link(nonce, until=1), console.room.use_link(nonce, until=1)] == [True, False]
    first = console.sessions.join({}, "li")
    assert console.sessions.allowed(console.sessions.read(value(first))) == ["li"]
    both = console.sessions.join(value(first), "zhou")
    session = console.sessions.read(value(both))
    assert console.sessions.allowed(session) == ["li", "zhou"]
    with pytest.raises(Forged):
        console.sessions.member(session, "wang")
    with pytest.raises(Forged):
        console.receive(bench.request(message(who="wang"), value(both)["cookie"]))
    assert console.receive(bench.request(message(who="zhou"), value(both)["cookie"])).status == 200


def test_a_session_of_many_people_keeps_a_readable_cookie(bench: Bench) -> None:
    bench.mode = Mode.LOGIN
    bench.people = [Member(f"person-with-a-long-id-{n}", f"甲{n}", "客服") for n in range(9)]
    sessions = bench.open().sessions
    cookie = ""
    for one in bench.people:
        cookie = sessions.join(value(cookie), one.user_id)
    assert bench.people[-1].user_id in sessions.allowed(sessions.read(value(cookie)))


@pytest.mark.parametrize("spoil", ["late", "cut", "left"])
def test_links_that_are_late_damaged_or_of_somebody_who_left(bench: Bench, spoil: str) -> None:
    bench.mode = Mode.LOGIN
    console = bench.open()
    token = console.login_link("li").rpartition("/")[2]
    if spoil == "late":
        bench.clock.move(timedelta(minutes=16))
    elif spoil == "cut":
        token = token[:-2]
    else:
        bench.people = bench.people[1:]
    with pytest.raises(Forged):
        console.sessions.open_link(token)


def test_there_is_no_link_for_nobody(bench: Bench) -> None:
    with pytest.raises(KeyError):
        bench.open().login_link("nobody")


def test_a_listed_host_is_let_in_and_no_other(bench: Bench) -> None:
    sessions = bench.open(allowed_hosts=("group.example",)).sessions
    for host in ("group.example", "group.example:443", HOST):
        sessions.check({"host": host}, changes=False)
    for host in ("", "example", "group.example.evil:80", "192.168.1.9:8000"):
        with pytest.raises(Forged):
            sessions.check({"host": host}, changes=False)


@pytest.mark.parametrize(("field", "settings"), [("path", {"path": Path()}), ("base_url", {"base_url": ""})])
def test_a_missing_setting_is_named(field: str, settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=field):
        Settings(**{"path": Path("x.db"), "base_url": "http://localhost", **settings})  # type: ignore[arg-type]


def test_the_bucket_fills_again_and_forgets_old_sessions() -> None:
    pace = Pace(per_second=1, burst=2)
    assert [pace.take("a", 0), pace.take("a", 0), pace.take("a", 0), pace.take("b", 0)] == [True, True, False, True]
    assert [pace.take("a", 1), pace.take("a", 1)] == [True, False]
    assert pace.take("a", 0.5) is False, "a clock that steps back gives nothing away"
    for number in range(5000):
        pace.take(f"s{number}", 1)
    assert len(pace._buckets) <= 4097
