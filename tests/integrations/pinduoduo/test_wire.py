from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from emulators.pinduoduo import signing
from integrations.pinduoduo import wire

OFFICIAL = {
    "access_token": "asd78172s8ds9a921j9qqwda12312w1w21211",
    "client_id": "1",
    "data_type": "XML",
    "order_status": "1",
    "page": "1",
    "page_size": "10",
    "timestamp": "1480411125",
    "type": "pdd.order.number.list.get",
}


def test_the_official_vector_of_the_call_guide() -> None:
    assert wire.sign(OFFICIAL, "testSecret") == "E4DE3ED21002510DED352819E7AE6775"
    assert wire.sign({**OFFICIAL, "sign": "whatever"}, "testSecret") == "E4DE3ED21002510DED352819E7AE6775"


def test_the_published_digest_of_the_message_channel() -> None:
    path = "/message/app/1700000000000/OTgxODMwNDI2NWZiN2NiNzA2NzIxOTI0ZjJlMDMxMjE%3D"
    assert wire.messages_path("app", 1700000000000, "secret") == path


@settings(max_examples=40)
@given(st.dictionaries(st.text(max_size=8), st.text(max_size=12), max_size=6), st.text(max_size=10))
def test_two_independent_signers_agree(form: dict[str, str], secret: str) -> None:
    assert wire.sign(form, secret) == signing.signature(secret, form)


def test_parameters_are_signed_as_they_are_sent() -> None:
    assert wire.text(True) == "true"
    assert wire.text(9007199254740993) == "9007199254740993"
    assert wire.text({"order_sn": "单", "n": 1}) == '{"order_sn":"单","n":1}'
