"""The connection to a Temporal server, and what a server must know of us before anything runs there."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.runtime import Runtime
from temporalio.service import RPCError, TLSConfig

from mtf_core.execution.waiting import within
from mtf_entrypoints.settings import TemporalOptions
from mtf_entrypoints.temporal import names

_MOST_TRIES = 30
_LONGEST_PAUSE_S = 10.0
_ANSWER_S = 10.0
_ATTRIBUTES = {
    names.PROFILE: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    names.DRY_RUN: IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
    names.RUN_ID: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    names.READY: IndexedValueType.INDEXED_VALUE_TYPE_INT,
    names.SUBMITTED: IndexedValueType.INDEXED_VALUE_TYPE_INT,
}


class TemporalUnavailableError(Exception):
    """The server cannot be reached, or refuses us; the message is one line with its address."""


async def connected(options: TemporalOptions, runtime: Runtime | None = None) -> Client:
    """A client of the server; raises `TemporalUnavailableError` where it does not answer within seconds."""
    try:
        async with asyncio.timeout(_ANSWER_S):
            return await Client.connect(
                options.address,
                namespace=options.namespace,
                api_key=options.api_key,
                tls=_tls(options),
                runtime=runtime,
            )
    except TimeoutError:
        raise TemporalUnavailableError(f"Temporal at {options.address} did not answer within {_ANSWER_S:g} s") from None
    except (RuntimeError, RPCError) as error:
        raise TemporalUnavailableError(
            f"Temporal at {options.address} cannot be reached: {_first_line(error)}"
        ) from None


async def connected_at_last(
    options: TemporalOptions, stopping: asyncio.Event, said: Callable[[str], None], runtime: Runtime | None = None
) -> Client | None:
    """The same for a process that stays: tries 30 times, 1, 2, 4, 8 and then every 10 s. None: it was told to stop."""
    pause_s = 1.0
    for number in range(1, _MOST_TRIES + 1):
        try:
            return await connected(options, runtime)
        except TemporalUnavailableError as error:
            if number == _MOST_TRIES:
                raise
            said(f"{error}; tried again in {pause_s:g} s ({number} of {_MOST_TRIES})")
        await within(stopping.wait(), pause_s * 1000)
        if stopping.is_set():
            return None
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
    return None


async def know_attributes(client: Client, options: TemporalOptions) -> None:
    """Makes sure that the server has the search attributes that runs set; a workflow that sets an unknown one hangs.

    Raises `TemporalUnavailableError` that names them where they are missing and we may not add them.
    """
    service = client.operator_service
    missing = dict(_ATTRIBUTES)
    try:
        there = await service.list_search_attributes(ListSearchAttributesRequest(namespace=options.namespace))
        missing = {name: kind for name, kind in _ATTRIBUTES.items() if name not in there.custom_attributes}
        if missing:
            adding = AddSearchAttributesRequest(namespace=options.namespace, search_attributes=missing)
            await service.add_search_attributes(adding)
    except RPCError as error:
        wanted = ", ".join(missing)
        raise TemporalUnavailableError(
            f"Temporal at {options.address}: the search attributes {wanted} could not be added to namespace "
            f"{options.namespace} ({_first_line(error)}); add them with `temporal operator search-attribute create`"
        ) from None


def _tls(options: TemporalOptions) -> bool | TLSConfig:
    cert, key, authority = (
        None if path is None else path.read_bytes() for path in (options.tls_cert, options.tls_key, options.tls_ca)
    )
    if cert is None and authority is None:
        return options.api_key is not None
    return TLSConfig(server_root_ca_cert=authority, client_cert=cert, client_private_key=key)


def _reason(error: Exception) -> str:
    """What stands innermost: the SDK shows its whole tower of errors."""
    named = re.search(r'message: "([^"]+)"', str(error))
    return named[1] if named else _first_line(error)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
