"""Signatures against those that the official client and ccxt made of the same bytes (sheet §2)."""

from __future__ import annotations

import pytest

from mtf_adapters.okx.signing import Credentials

CREDENTIALS = Credentials("mtf-key-0001", "mtf-secret-0001", "mtf-pass-0001")
INSTANT = "2026-11-27T00:00:00.000Z"
ORDER = (
    '{"instId":"BTC-USDT-SWAP","tdMode":"cross","side":"buy","ordType":"limit","sz":"1","px":"90000","clOrdId":"mtf1"}'
)
BLANKS = ORDER.replace('":"', '": "').replace('","', '", "')


@pytest.mark.parametrize(
    ("method", "path", "body", "signature"),
    [
        (
            "GET",
            "/api/v5/account/positions?instType=SWAP&instId=BTC-USDT-SWAP",
            "",
            "dnYocBSRWC827m5LhxIZLTfypxiX+WigmLQnOMQLjQQ=",
        ),
        ("POST", "/api/v5/trade/order", ORDER, "HW2W3Euw/hG/QCgnCeYUnAhuymhLZmZHDT1fX7uU8+M="),
        ("POST", "/api/v5/trade/order", BLANKS, "RoG+h3TKEOUb0IcgdVqWKy76kZXFnmbtrOXpdkwdWw8="),
    ],
    ids=["a query", "a body", "the same body with blanks"],
)
def test_signatures_are_those_of_the_sheet(method: str, path: str, body: str, signature: str) -> None:
    assert CREDENTIALS.sign(INSTANT, method, path, body) == signature


@pytest.mark.parametrize("seconds", ["1795737600", 1795737600])
def test_a_stream_s_login_is_signed_by_seconds(seconds: str | int) -> None:
    assert CREDENTIALS.login_sign(seconds) == "zB2AeM9yrlnIIl3gOutvwPGBNeriME4lCKGPaOrnjKc="


def test_a_key_shows_neither_in_its_text_nor_in_its_name() -> None:
    planted = Credentials("key-abc", "secret-def", "phrase-ghi")
    told = repr(planted) + planted.digest()
    assert not any(secret in told for secret in ("key-abc", "secret-def", "phrase-ghi"))
    assert planted.redacted("sign of key-abc with secret-def#phrase-ghi") == "sign of … with …#…"


def test_keys_have_different_names() -> None:
    one, other = Credentials("key-abc", "s", "p"), Credentials("key-abd", "s", "p")
    assert one.digest() != other.digest()
