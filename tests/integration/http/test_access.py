"""Who may ask: tokens, hosts, other sites."""

from collections.abc import Iterator

import httpx
import pytest
from attrs import evolve

from mtf_entrypoints.http.listening import Listening
from tests.integration.http.server import SMALL, serving
from tests.integration.http.test_problems import problem

TOKEN = "correct-horse-battery"


@pytest.fixture(scope="module")
def guarded() -> Iterator[httpx.Client]:
    """A service that believes it can be reached from everywhere."""
    with (
        serving(evolve(SMALL, api_token=TOKEN), Listening("0.0.0.0")) as url,
        httpx.Client(base_url=url, timeout=60) as client,
    ):
        yield client


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", "Bearer \xe9"],
)
@pytest.mark.parametrize("path", ["/mtf/status", "/provider/health", "/api/mtf/run", "/nowhere"])
def test_without_the_token_nothing_is_answered(guarded: httpx.Client, path: str, header: str | None) -> None:
    headers = {} if header is None else {"authorization": header.encode("latin-1")}
    response = guarded.get(path, headers=headers)
    assert TOKEN not in problem(response, 401)["detail"]
    assert response.headers["www-authenticate"] == "Bearer"


def test_with_the_token_it_is(guarded: httpx.Client) -> None:
    headers = {"authorization": f"bearer {TOKEN}"}
    assert guarded.get("/mtf/status", headers=headers).status_code == 200
    assert guarded.post("/api/mtf/run", json={"symbols": ["BTCUSDT"]}, headers=headers).status_code == 200


def test_what_holds_no_data_needs_no_token(guarded: httpx.Client) -> None:
    """The page of the docs asks for the token itself, and reads the document of the routes before it has one."""
    assert guarded.get("/health").json() == {"ok": True, "processes": []}
    assert guarded.get("/docs").status_code == 200
    assert "/mtf/status" in guarded.get("/schema/openapi.json").json()["paths"]


def test_on_loopback_a_token_is_checked_where_there_is_one_but_the_page_is_open() -> None:
    with serving(evolve(SMALL, api_token=TOKEN)) as url:
        problem(httpx.get(f"{url}/mtf/status"), 401)
        assert httpx.get(f"{url}/docs").status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "127.0.0.1.nip.example", "169.254.169.254"])
def test_on_loopback_a_foreign_host_name_is_refused(client: httpx.Client, host: str) -> None:
    document = problem(client.get("/health", headers={"host": host}), 421)
    assert "--allow-host" in document["detail"]


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://localhost:3000"},
        {"origin": "http://127.0.0.1"},
        {"origin": "null"},
        {"origin": ""},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
    ids=str,
)
def test_pages_of_other_sites_cannot_ask(client: httpx.Client, headers: dict[str, str]) -> None:
    before = len(client.get("/mtf/status", params={"limit": 100}).json()["runs"])
    for answer in (client.get("/api/mtf/run", headers=headers), client.post("/api/mtf/run", headers=headers)):
        assert problem(answer, 403)["type"] == "urn:mtf:problem:forbidden_origin"
    assert len(client.get("/mtf/status", params={"limit": 100}).json()["runs"]) == before


def test_the_service_s_own_page_can_ask(client: httpx.Client) -> None:
    own = {"origin": str(client.base_url).rstrip("/"), "sec-fetch-site": "same-origin"}
    assert client.post("/api/mtf/run", json={"symbols": ["BTCUSDT"]}, headers=own).status_code == 200


def test_no_answer_allows_other_origins(client: httpx.Client) -> None:
    response = client.get("/health", headers={"origin": str(client.base_url).rstrip("/")})
    assert "access-control-allow-origin" not in response.headers


def test_head_is_answered_as_get_without_a_body(client: httpx.Client) -> None:
    for path in ("/health", "/docs", "/mtf/status", "/nowhere"):
        get, head = client.get(path), client.head(path)
        assert (head.status_code, head.headers["content-type"]) == (get.status_code, get.headers["content-type"])
        assert head.content == b""
    assert client.head("/health").headers["content-length"] == "26"


def test_asking_with_head_runs_nothing(client: httpx.Client) -> None:
    answer = client.head("/api/mtf/run")
    assert (answer.status_code, answer.content) == (405, b"")
