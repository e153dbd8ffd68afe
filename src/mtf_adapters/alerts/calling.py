"""One call over HTTP to somebody outside, and what is told of one that failed: never an address, which is a secret."""

from __future__ import annotations

import ssl
from functools import cache
from typing import Any

import httpx

from mtf_core.ports import ReceiverError

_TIMEOUT_S = 10.0


@cache
def _trusted() -> ssl.SSLContext:
    """Whom this machine trusts: reading all certificates takes longer than a call, and there are several a minute."""
    return httpx.create_ssl_context()


async def call(url: str, document: dict[str, Any] | None = None) -> httpx.Response:
    """POSTs a document as JSON, or GETs; raises `ReceiverError` where no answer came. Redirects are not followed.

    A connection for each call: between two of them lie minutes, and nothing that the other side forgot is used again.
    """
    try:
        async with httpx.AsyncClient(timeout=_TIMEOUT_S, follow_redirects=False, verify=_trusted()) as client:
            return await (client.get(url) if document is None else client.post(url, json=document))
    except httpx.TimeoutException:
        raise ReceiverError(f"no answer within {_TIMEOUT_S:.0f} s") from None
    except httpx.ConnectError:
        raise ReceiverError("it cannot be reached") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ReceiverError(f"the call broke off ({type(error).__name__})") from None


def refuse_failure(response: httpx.Response) -> None:
    """Raises `ReceiverError` unless the answer says that all went well."""
    if not response.is_success:
        raise ReceiverError(f"it answered {response.status_code}", patience_of(response))


def patience_of(response: httpx.Response) -> float:
    """How many seconds the other side asks to wait; 0 where it asks for none, or for what is no number."""
    text = response.headers.get("retry-after", "")
    return min(float(text), 600.0) if text.isdecimal() else 0.0
