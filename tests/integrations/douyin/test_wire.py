from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulators.douyin import signing
from integrations.douyin import wire
from tests.integrations.douyin import vectors as v


@pytest.mark.parametrize(("method", "body", "how", "expected"), v.CALLS)
def test_a_call_is_signed_as_the_vectors_say(method: str, body: str, how: Any, expected: str) -> None:
    signed = wire.sign(v.SECRET, app_key=v.APP_KEY, method=method, body=body, timestamp=v.TIMESTAMP, sign_method=how)
    assert signed == expected


def test_a_push_is_signed_as_the_vector_says() -> None:
    assert wire.event_sign(v.SECRET, app_key=v.APP_KEY, body=v.PUSH) == v.PUSH_SIGN


@pytest.mark.parametrize(("how", "expected"), [("hmac-sha256", v.SPI_SIGN), ("md5", v.SPI_SIGN_MD5)])
def test_an_inbound_call_is_signed_as_the_vectors_say(how: Any, expected: str) -> None:
    assert wire.spi_sign(v.SECRET, app_key=v.APP_KEY, body=v.SPI_JSON, timestamp=v.TIMESTAMP, sign_method=how) == expected


def test_the_canonical_body_of_the_vectors() -> None:
    assert wire.param_json(dict(reversed(v.LIST.items()))) == v.LIST_JSON
    assert wire.param_json({"remark": "A&B <急> 已联系", "order_id": "4781320682406083640"}) == v.REMARK_JSON


def test_keys_are_sorted_at_every_depth_and_whole_floats_are_integers() -> None:
    params = {"b": [{"z": 1.0, "a": 2.5}], "a": {"y": None, "x": True}, "c": 4781320682406083640}
    assert wire.param_json(params) == '{"a":{"x":true,"y":null},"b":[{"a":2.5,"z":1}],"c":4781320682406083640}'


@settings(max_examples=60)
@given(
    st.dictionaries(
        st.text(max_size=8), st.text(max_size=40) | st.integers() | st.lists(st.text(max_size=9), max_size=3), max_size=5
    )
)
def test_any_text_can_be_sent_and_both_sides_sign_it_alike(params: dict[str, Any]) -> None:
    body = wire.param_json(params)
    raw = body.encode()
    assert json.loads(raw).keys() == json.loads(body).keys()
    ours = wire.sign(v.SECRET, app_key=v.APP_KEY, method="m", body=body, timestamp="1")
    assert ours == signing.call_signature(v.SECRET, v.APP_KEY, "m", raw, "1", "2", "hmac-sha256")


def test_half_an_emoji_becomes_a_replacement_and_the_rest_survives() -> None:
    assert wire.param_json({"remark": "好\ud83d吗😀"}) == '{"remark":"好\ufffd吗😀"}'
