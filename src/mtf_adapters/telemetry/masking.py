"""Texts without secrets, in whatever way a text shows them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from attrs import field, frozen

MASK = "[secret]"


def _written(secrets: Iterable[str]) -> tuple[str, ...]:
    """Python's own way of showing a text and JSON write some characters otherwise, the one within the other, too.

    The longest first: a secret that holds another one goes as a whole.
    """
    shown = {form for secret in secrets for form in (secret, repr(secret)[1:-1])}
    return tuple(sorted(shown | {json.dumps(form)[1:-1] for form in shown}, key=len, reverse=True))


def _in_addresses(secrets: Iterable[str]) -> re.Pattern[str] | None:
    """Each character as it is or by its bytes: whoever wrote an address chose which of them to write as `%2B`."""
    longest_first = sorted(secrets, key=len, reverse=True)
    if not longest_first:
        return None
    return re.compile("|".join("".join(map(_in_an_address, secret)) for secret in longest_first))


def _in_an_address(character: str) -> str:
    by_bytes = "".join(f"%{byte:02X}" for byte in character.encode(errors="surrogatepass"))
    forms = [re.escape(character), f"(?i:{by_bytes})", *([r"\+"] if character == " " else [])]
    return f"(?:{'|'.join(forms)})"


def _set(secrets: Iterable[str | None]) -> frozenset[str]:
    """Those that are set."""
    return frozenset(secret for secret in secrets if secret)


@frozen
class Masking:
    """Takes secrets out of finished texts, so that nobody who writes one has to think of it."""

    _secrets: frozenset[str] = field(converter=_set, repr=False)
    _forms: tuple[str, ...] = field(init=False, repr=False)
    _addresses: re.Pattern[str] | None = field(init=False, repr=False)

    @_forms.default
    def _all_forms(self) -> tuple[str, ...]:
        return _written(self._secrets)

    @_addresses.default
    def _all_addresses(self) -> re.Pattern[str] | None:
        return _in_addresses(self._secrets)

    def masked(self, text: str) -> str:
        """The text with `MASK` in the place of each secret."""
        if self._addresses is not None:
            text = self._addresses.sub(MASK, text)
        for form in self._forms:
            text = text.replace(form, MASK)
        return text
