"""Tokens are HMAC-SHA256 as everybody computes it, and odd ones are refused."""

from __future__ import annotations

import base64
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Forged
from domain.tokens import Signer


@given(st.binary(min_size=16, max_size=200), st.text(max_size=30), st.text(max_size=30))
def test_the_mac_is_the_standard_one_whatever_the_length_of_the_secret(secret: bytes, action: str, extra: str) -> None:
    token = Signer(secret).sign(action, "order:1", extra)
    body, _, mac = token.rpartition(".")
    assert mac == base64.urlsafe_b64encode(hmac.digest(secret, body.encode(), "sha256")[:12]).decode()
    opened = Signer(b"another secret of ours", secret).open(token)
    assert (opened.action, opened.subject, opened.extra) == (action, "order:1", extra)


@pytest.mark.parametrize("token", ["", "1.a.b.c.d", "1.YQ.YQ..中文", "1.YQ.YQ..\ud800", "1.YQ.YQ..AAAAAAAAAAAAAAAA"])
def test_an_odd_token_is_forged_and_nothing_worse(token: str) -> None:
    with pytest.raises(Forged):
        Signer(b"a signing secret of some length").open(token)
