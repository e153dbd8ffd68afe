import pytest

from mtf_entrypoints.http.listening import Listening, host_name


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("localhost", "localhost"),
        ("LocalHost:8080", "localhost"),
        ("127.0.0.1:8080", "127.0.0.1"),
        ("[::1]:8080", "::1"),
        ("localhost.", "localhost"),
    ],
)
def test_the_name_is_what_stands_before_the_port(header: str, name: str) -> None:
    assert host_name(header) == name


@pytest.mark.parametrize("header", ["", ":8080", "localhost:", "localhost:80a", "[::1", "[evil]", "[::1]x", "a:b:c"])
def test_a_malformed_header_names_nothing(header: str) -> None:
    assert host_name(header) is None


@pytest.mark.parametrize(
    "header", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8080", "10.0.0.5", ""]
)
def test_on_loopback_only_loopback_names_are_admitted(header: str) -> None:
    assert not Listening("127.0.0.1").admits(header)


@pytest.mark.parametrize("header", ["localhost:9", "127.0.0.1:8080", "[::1]:8080"])
def test_on_loopback_its_names_are_admitted_whatever_the_port(header: str) -> None:
    assert Listening("127.0.0.1").admits(header)


def test_beyond_loopback_addresses_are_admitted_but_foreign_names_are_not() -> None:
    listening = Listening("0.0.0.0")
    assert listening.admits("192.168.1.7:8080")
    assert not listening.admits("evil.example")


def test_a_name_can_be_added() -> None:
    assert Listening(allowed_names=("mtf.example",)).admits("mtf.example")


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("localhost", True),
        ("::1", True),
        ("127.9.9.9", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.5", False),
        ("example.org", False),
    ],
)
def test_only_addresses_of_this_machine_are_loopback(host: str, expected: bool) -> None:
    assert Listening(host).is_loopback is expected
