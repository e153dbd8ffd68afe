import pytest

from mtf_adapters.bitmart.signing import WEBSOCKET_PAYLOAD, Credentials

CREDENTIALS = Credentials("key", "simulator-secret-01", "desk")
ORDER = (
    '{"symbol":"BTCUSDT","side":1,"type":"limit","mode":1,"leverage":"5","open_type":"isolated","size":3,'
    '"price":"61250.5","client_order_id":"a1B2c3"}'
)


@pytest.mark.parametrize(
    ("payload", "signature"),
    [
        (ORDER, "f18bdae27c3b41b6fa6ae82968d5dfd65cc472b05a15578b47424d8ed6bdf25f"),
        ("{}", "67cb833835804c593dcfa280aa51747f544985a3e592b802d07980193816ca7f"),
        (WEBSOCKET_PAYLOAD, "be94989a37ec919425a1d421518eae7b6dc7e33eea2ae6f01a0c1b3628ea87a3"),
    ],
    ids=["an order", "no parameters", "a socket's login"],
)
def test_signatures_are_those_of_the_sheet(payload: str, signature: str) -> None:
    assert CREDENTIALS.sign("1767225600000", payload) == signature


def test_a_key_shows_neither_in_its_text_nor_in_its_name() -> None:
    planted = Credentials("key-abc", "secret-def", "memo-ghi")
    told = repr(planted) + planted.digest()
    assert not any(secret in told for secret in ("key-abc", "secret-def", "memo-ghi"))
    assert planted.redacted("sign of key-abc with secret-def#memo-ghi") == "sign of … with …#…"
