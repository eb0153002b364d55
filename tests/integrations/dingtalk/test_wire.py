"""Published and computed vectors; the event envelope against `dingtalk-sdk`, in both directions."""

from __future__ import annotations

import json
import warnings
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import Forged
from emulators.dingtalk import signing
from integrations.dingtalk import wire
from integrations.dingtalk.settings import Settings

with warnings.catch_warnings():  # 2020's syntax warns under today's Python
    warnings.simplefilter("ignore")
    from dingtalk.crypto import DingTalkCrypto

KEY1 = "4g5j64qlyl3zvetqxz5jiocdr586fn2zvjpa8zls3ij"
SUITE = '{"EventType":"check_create_suite_url","Random":"LPIdSnlF","TestSuiteKey":"suite4xxxxxxxxxxxxxxx"}'
V1 = (
    "1a3NBxmCFwkCJvfoQ7WhJHB+iX3qHPsc9JbaDznE1i03peOk1LaOQoRz3+nlyGNhwmwJ3vDMG+OzrHMeiZI7gTRWVdUBmfxjZ8Ej23JVYa9VrYeJ5as7XM/"
    "ZpulX8NEQis44w53h1qAgnC3PRzM7Zc/D6Ibr0rgUathB6zRHP8PYrfgnNOS9PhSBdHlegK+AGGanfwjXuQ9+0pZcy0w9lQ=="
)
V3 = (
    "0vJiX6vliEpwG3U45CtXqi+m8PXbQRARJ8p8BbDuD1EMTDf0jKpQ79QS93qEk7XHpP6u+oTTrd15NRPvNvmBKyDCYxxOK+HZeKju4yhELOFchzNukR+t8SB/"
    "qk4ROMu3"
)
V2 = "YvkvaGe4hQxd3VxRmEty0dVlnCOAqwf56xwTRHDHoOURqhalbmBJQk5FNcRk42Gl5T0YQXZNwpwWSm1xAFJ5ZA=="
V4 = "X1VSe9cTJUMZu60d3kyLYTrBq5578ZRJtteU94wG0Q4Uk6E/wQYeJRIC0/UFW5Wkya1Ihz9oXAdLlyC9TRaqsQ=="
V5 = (
    "5DJFWzjRNOQk+5GSZxW+VrFMDWCIidPjEjg3//gm5x556BedVi62rDj1F9uXU97a4jw1R4FACUv9RCpoDobNqxhxRB2YtW901k4KHbP1/wpFJ3xdLG0n0A8"
    "U1VhENg80zKJd+YROR0YMGum4WYuoXJ6J98vt0ihYeIFoapNddLML5MyNAGM9saSpkouDMSvD+iU14i7V8ix1ia1Tb9ogog=="
)
V6 = "5DJFWzjRNOQk+5GSZxW+VpU/+Yf0KeplvXZ8LNdyQj5iN6tX2KSwwhy5oymzMpsFAiG4RS3L0/vY7TX4ZwLTFA=="
VECTORS = [
    (
        "123456",
        KEY1,
        "suite4xxxxxxxxxxxxxxx",
        "1445827045067",
        "nEXhMP4r",
        "5a65ceeef9aab2d149439f82dc191dd6c5cbe2c0",
        V1,
        SUITE,
    ),
    (
        "123456",
        "1234567890123456789012345678901234567890123",
        "dingsnotzck6pm5veliw",
        "1614767836",
        "A7Co0cJLMzIDtMMI",
        "9a95a004dd16f5c307e849b994173f76aa26e5eb",
        V2,
        "success",
    ),
    (
        "mryue",
        "Yue0EfdN5900c1ce5cf6A152c63DDe1808a60c5ecd7",
        "ding6ccabc44d2c8d38b",
        "1608001896814",
        "WL4PK6yA",
        "03044561471240d4a14bb09372dfcfd4fd0e40cb",
        V3,
        '{"EventType":"check_url"}',
    ),
    (
        "tokenxxxx",
        "o1w0aum42yaptlz8alnhwikjd3jenzt9cb9wmzptgus",
        "dingxxxxxx",
        "1605695694141",
        "WelUQl6bCqcBa2fM",
        "f36f4ba5337d426c7d4bca0dbcb06b3ddc1388fc",
        V4,
        "success",
    ),
]


@pytest.mark.parametrize(
    ("stamp", "secret", "sign"),
    [
        ("1577262236757", "this is a secret", "DJrE6qdyVGCQz9z5r2MDuNcNAhwYnuAkyj13cx169CA="),
        ("1700000000000", "SECdemo", "lOvVf9TQCVugV68mGbSZCg0gzOl1SVjxWi1MyVZCUuA="),
        ("1577262236757", "this is secret", "hmPWwU+7lVdm3ZZz0r9tSfx0L4Q26jWOZr9+Gs6EZQM="),
    ],
)
def test_robot_signatures(stamp: str, secret: str, sign: str) -> None:
    assert wire.robot_sign(stamp, secret) == sign == signing.robot(stamp, secret)


def test_the_card_signature() -> None:
    assert wire.card_sign("1700000000000", "example-secret") == "I85VWQbGCqbDkjEb7rsCEkTKI9QSL3wzLms54MiwXlg="


def test_a_signature_goes_into_an_address_quoted() -> None:
    assert quote(wire.robot_sign("1700000000000", "SECdemo"), safe="").endswith("UuA%3D")


@pytest.mark.parametrize(("token", "key", "owner", "stamp", "nonce", "signature", "sealed", "text"), VECTORS)
def test_published_events_open(
    token: str, key: str, owner: str, stamp: str, nonce: str, signature: str, sealed: str, text: str
) -> None:
    crypto = wire.EventCrypto(token, key, owner)
    assert crypto.open(signature, stamp, nonce, sealed) == text


@pytest.mark.parametrize(
    ("text", "sealed", "signature"),
    [(SUITE, V5, "bcf6dcefa4ce2dbaf7b0666c7264d46fd9aad4bd"), ("success", V6, "73813ea128535f7945c17f81069c6b8045361375")],
)
def test_published_answers_are_sealed_to_the_byte(text: str, sealed: str, signature: str) -> None:
    crypto = wire.EventCrypto("123456", KEY1, "suite4xxxxxxxxxxxxxxx", random=lambda _: b"1234567890123456")
    assert crypto.answer(text, "1445827045067", "nEXhMP4r") == {
        "msg_signature": signature,
        "encrypt": sealed,
        "timeStamp": "1445827045067",
        "nonce": "nEXhMP4r",
    }


@given(text=st.text(max_size=300), nonce=st.text("abcXYZ019", min_size=1, max_size=12))
@settings(max_examples=40, deadline=None)
def test_the_sdk_opens_what_we_seal_and_we_open_what_it_seals(text: str, nonce: str) -> None:
    ours = wire.EventCrypto("123456", KEY1, "dingowner")
    theirs: Any = DingTalkCrypto("123456", KEY1, "dingowner")
    answer = ours.answer(text, "1445827045067", nonce)
    assert theirs.decrypt_encrypt_str(answer["msg_signature"], "1445827045067", nonce, answer["encrypt"]) == text
    sealed = theirs.encrypt_message(text, nonce, "1445827045067")
    found = ours.open(sealed["msg_signature"], str(sealed["timeStamp"]), str(sealed["nonce"]), sealed["encrypt"])
    assert found == text
    assert signing.unseal(KEY1, answer["encrypt"]) == (text, "dingowner")


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_any_damage_is_forged(data: st.DataObject) -> None:
    crypto = wire.EventCrypto("123456", KEY1, "dingowner")
    sealed = crypto.seal('{"EventType":"check_url"}')
    parts = [crypto.sign("1", "n", sealed), "1", "n", sealed]
    which = data.draw(st.integers(0, 3))
    at = data.draw(st.integers(0, len(parts[which]) - 1))
    letter = data.draw(st.sampled_from("abAB01é"))
    damaged = parts[which][:at] + letter + parts[which][at + 1 :]
    if damaged == parts[which]:
        return
    parts[which] = damaged
    with pytest.raises(Forged):
        crypto.open(*parts)


@pytest.mark.parametrize("sealed", ["", "A", "AAAA", "AAAAAAAAAAAAAAAAAAAAAA==", "é" * 44, V1[:-24]])
def test_signed_rubbish_is_forged_too(sealed: str) -> None:
    crypto = wire.EventCrypto("123456", KEY1, "dingowner")
    with pytest.raises(Forged):
        crypto.open(crypto.sign("1", "n", sealed), "1", "n", sealed)


def test_another_owner_is_forged() -> None:
    theirs = wire.EventCrypto("123456", KEY1, "another")
    sealed = theirs.seal(json.dumps({"EventType": "x"}))
    with pytest.raises(Forged, match="owner"):
        wire.EventCrypto("123456", KEY1, "dingowner").open(theirs.sign("1", "n", sealed), "1", "n", sealed)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"client_id": ""}, "client_id"),
        ({"client_secret": " padded "}, "quotes"),
        ({"cards": "own"}, "card_template"),
        ({"card_callback": "http"}, "card_secret"),
        ({"event_token": "x"}, "event_aes_key"),
        ({"event_token": "x", "event_aes_key": "short"}, "43"),
        ({"webhooks": {"a": {}}}, "webhooks.a"),
        ({"connections": 0}, "connections"),
    ],
)
def test_wrong_settings_are_named(values: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        Settings(**{"client_id": "a", "client_secret": "b", **values})


def test_secrets_stay_out_of_the_repr() -> None:
    shown = repr(Settings("id", "s3cret", event_token="t0ken", event_aes_key=KEY1, webhooks={"a": {"token": "tok3n"}}))
    assert not any(secret in shown for secret in ("s3cret", "t0ken", KEY1, "tok3n"))
