"""The platform's error table, one row each, through the emulator."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.errors import NeedsAuthorization, OutcomeUnknown, ProtocolBroken, Rejected, Unavailable
from emulators.douyin import calls, problems
from tests.conformance.harness_douyin import DouyinHarness, harness


@pytest.fixture
async def shop() -> DouyinHarness:
    return harness()


def asked(shop: DouyinHarness, call: str = "order.searchList") -> int:
    return len(shop.emulator.journal.calls(call))


async def test_the_first_call_brings_its_own_token(shop: DouyinHarness) -> None:
    await shop.read_once()
    assert [entry.call for entry in shop.emulator.journal.entries] == ["token.create", "order.searchList"]


@pytest.mark.parametrize("fault", ["consent", "bad-ip"])
async def test_what_only_a_person_can_mend_is_asked_once(shop: DouyinHarness, fault: str) -> None:
    shop.emulator.faults.always["order.searchList"] = fault
    with pytest.raises(NeedsAuthorization):
        await shop.read_once()
    assert asked(shop) == 1


async def test_a_wrong_secret_is_not_retried() -> None:
    shop = harness(app_secret="wrong-secret")
    with pytest.raises(NeedsAuthorization, match="app secret"):
        await shop.read_once()
    assert len(shop.emulator.journal.entries) == 1
    assert shop.emulator.journal.effects() == []


async def test_the_old_signature_method_still_works() -> None:
    shop = harness(sign_method="md5")
    number = shop.add_order()
    assert [order.number for order in await shop.read_once()] == [number]


async def test_an_expired_token_is_refreshed_once_and_the_call_repeated_once(shop: DouyinHarness) -> None:
    await shop.read_once()
    shop.emulator.gate.expire()
    await shop.read_once()
    assert [entry.call for entry in shop.emulator.journal.entries][2:] == [
        "order.searchList",
        "token.refresh",
        "order.searchList",
    ]


async def test_a_token_that_stays_refused_is_not_refreshed_for_ever(shop: DouyinHarness) -> None:
    shop.emulator.faults.always["order.searchList"] = "expired-token"
    with pytest.raises(NeedsAuthorization):
        await shop.read_once()
    assert asked(shop) == 2
    assert asked(shop, "token.refresh") == 1


async def test_a_dead_refresh_token_of_an_own_app_is_replaced_by_a_new_consent(shop: DouyinHarness) -> None:
    await shop.read_once()
    for grant in shop.emulator.state.grants:
        grant.dead = True
    await shop.read_once()
    assert asked(shop, "token.create") == 2


async def test_a_dead_refresh_token_of_a_market_app_needs_the_owner() -> None:
    shop = harness(auth_code="code-1")
    shop.emulator.gate.codes.add("code-1")
    await shop.read_once()
    for grant in shop.emulator.state.grants:
        grant.dead = True
    with pytest.raises(NeedsAuthorization):
        await shop.read_once()


async def test_a_used_authorization_code_needs_the_owner() -> None:
    shop = harness(auth_code="code-1")
    with pytest.raises(NeedsAuthorization):
        await shop.read_once()


async def test_older_token_answers_are_read_too(shop: DouyinHarness) -> None:
    shop.emulator.gate.old_token_replies = True
    assert await shop.read_once() == []


async def test_tokens_are_renewed_before_their_week_is_over(shop: DouyinHarness) -> None:
    await shop.read_once()
    shop.move(7 * 86_400 - 60)
    await shop.read_once()
    assert asked(shop, "token.refresh") == 1
    assert asked(shop) == 2, "no call was wasted on the dying token"


async def test_a_wrong_clock_is_set_by_the_platform_s_and_the_call_repeated(shop: DouyinHarness) -> None:
    await shop.read_once()
    shop.clock.move(timedelta(minutes=25))
    await shop.read_once()
    await shop.read_once()
    assert asked(shop) == 4, "one refused, one repeated, and the next one right at once"


async def test_a_clock_that_stays_refused_gives_up(shop: DouyinHarness) -> None:
    shop.emulator.faults.always["order.searchList"] = "clock"
    with pytest.raises(Unavailable):
        await shop.read_once()
    assert asked(shop) == 2


async def test_a_short_throttle_is_waited_out_with_growing_pauses(shop: DouyinHarness) -> None:
    shop.emulator.faults.plan("throttle", "order.searchList", times=2)
    await shop.read_once()
    first, second = [nap for nap in shop.naps if nap >= 1]
    assert 1 <= first <= 2
    assert 2 <= second <= 4
    assert asked(shop) == 3


async def test_a_real_rate_limit_is_respected(shop: DouyinHarness) -> None:
    shop.emulator.gate.per_second = 6
    for _ in range(40):
        await shop.read_once()
    assert {entry.answer["code"] for entry in shop.emulator.journal.entries} == {10000}


async def test_a_platform_fault_on_a_read_is_tried_again(shop: DouyinHarness) -> None:
    shop.emulator.faults.plan("platform-fault", "order.searchList")
    assert await shop.read_once() == []


async def test_a_platform_fault_on_a_change_is_a_doubt(shop: DouyinHarness) -> None:
    number = shop.add_order()
    shop.emulator.faults.plan("platform-fault", "order.addOrderRemark")
    with pytest.raises(OutcomeUnknown):
        await shop.connector.remark(number, "已联系", key="k")
    assert asked(shop, "order.addOrderRemark") == 1


@pytest.mark.parametrize("method", ["order.searchList", "order.addOrderRemark"])
async def test_a_slow_platform_is_silence(shop: DouyinHarness, method: str) -> None:
    number = shop.add_order()
    await shop.read_once()
    shop.emulator.faults.plan("slow", method)
    expected = Unavailable if method == "order.searchList" else OutcomeUnknown
    with pytest.raises(expected):
        await (shop.read_once() if method == "order.searchList" else shop.connector.remark(number, "x", key="k"))


async def test_an_unknown_call_needs_the_permission(shop: DouyinHarness) -> None:
    with pytest.raises(NeedsAuthorization):
        await shop.connector._client.call("order.batchDecrypt", {})


async def test_half_pages_do_not_lose_orders(shop: DouyinHarness) -> None:
    assert shop.window is not None
    numbers = [shop.add_order(at=shop.window.start + timedelta(seconds=index)) for index in range(12)]
    shop.emulator.faults.plan("half-page", "order.searchList", times=2)
    assert sorted(order.number for order in await shop.read_once()) == sorted(numbers)


async def test_the_platform_s_words_lose_phones_and_ciphertext_on_the_way(
    shop: DouyinHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = shop.add_order()

    def leaking(*_: object) -> calls.Result:
        raise problems.business("31009", "收件人 13912345678 ##K1x9oq0h## 的订单\n不能修改" + "长" * 500)

    monkeypatch.setitem(calls.CALLS, "order.addOrderRemark", leaking)
    with pytest.raises(Rejected) as caught:
        await shop.connector.remark(number, "x", key="k")
    assert caught.value.code == "31009"
    assert caught.value.reason.startswith("收件人 *** *** 的订单 不能修改")
    assert len(caught.value.reason) <= 200


@pytest.mark.parametrize("answer", [[], "ok", {"data": {}}, {"code": "10000", "data": {}}, {"code": None}])
async def test_an_answer_without_the_platform_s_envelope_is_a_broken_protocol(shop: DouyinHarness, answer: object) -> None:
    await shop.read_once()

    async def call(*_: object, **__: object) -> object:
        return answer

    shop.connector._client._http.call = call
    with pytest.raises(ProtocolBroken):
        await shop.read_once()
