"""The file of a paper account: whose it is, and every step since it was opened. One process at a time writes it."""

from __future__ import annotations

import json
import os
from decimal import Decimal, InvalidOperation
from pathlib import Path

from attrs import frozen

from mtf_adapters.local.durable import flush_folder
from mtf_adapters.paper.lines import Line, read, written
from mtf_core.ports import ExchangeError, TradingRefusedError
from mtf_core.reasons import Reason

try:
    import fcntl
except ImportError:  # where the system has none, one process at a time is relied upon
    fcntl = None  # type: ignore[assignment]

_FORMAT = 1
ONE_PROCESS = "on paper one process does all: it enters, supervises and closes"
HOW_TO_TRADE = "`mtf run --every 1m --supervise --no-dry-run`, or `mtf serve --supervise`"


@frozen
class Head:
    """The first line: the account's name, and what it began with in quote currency."""

    account: str
    balance: Decimal


@frozen
class Kept:
    """An account and its steps, the oldest first."""

    head: Head
    lines: tuple[Line, ...]


class AccountFile:
    """A line that a death cut off is as if it had never been: nobody was told of what it says."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None
        self._is_broken = False

    @property
    def is_ours(self) -> bool:
        """Whether this process is the one that writes it."""
        return self._descriptor is not None

    def head(self) -> Head | None:
        """Whose it is, without a look at the steps; None where there is none. Raises `ExchangeError`."""
        try:
            with self.path.open("rb") as file:
                head = file.readline()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._trouble("read", error) from error
        return self._head_of(head) if head.endswith(b"\n") else None

    def size(self) -> int:
        """In bytes; it only grows. 0 where there is none."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def kept(self) -> Kept | None:
        """What it holds; None where nobody has opened the account. Raises `ExchangeError`."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._trouble("read", error) from error
        head, *lines = content[: content.rfind(b"\n") + 1].splitlines() or [b""]
        if not head:
            return None
        return Kept(self._head_of(head), tuple(self._line(number, text) for number, text in enumerate(lines, 2)))

    def claim(self) -> None:
        """Makes this process the one that writes; raises `TradingRefusedError` while another one is."""
        if self.is_ours:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise self._trouble("opened", error) from error
        try:
            if fcntl is not None:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            content = self.path.read_bytes()
            os.ftruncate(descriptor, content.rfind(b"\n") + 1)
        except BlockingIOError:
            os.close(descriptor)
            raise TradingRefusedError(
                Reason.TRADING_NOT_AVAILABLE,
                f"another process of this machine trades on the paper account; {ONE_PROCESS}. Where it shall trade, "
                f"leave it alone; else stop it, and start {HOW_TO_TRADE}",
            ) from None
        except OSError as error:
            os.close(descriptor)
            raise self._trouble("opened", error) from error
        self._descriptor = descriptor

    def begin(self, head: Head) -> None:
        """The first line of a file that is empty."""
        document = {"format": _FORMAT, "account": head.account, "balance": str(head.balance)}
        self._append(json.dumps(document).encode() + b"\n")
        flush_folder(self.path.parent)

    def add(self, lines: list[Line]) -> None:
        """On the disk when it returns. Raises `ExchangeError`; from then on nothing can be added any more."""
        self._append(b"".join(map(written, lines)))

    def release(self) -> None:
        """Another process may write from now on."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _append(self, content: bytes) -> None:
        if self._descriptor is None or self._is_broken:
            raise ExchangeError(f"{self.path}: the paper account cannot be written any more; start the process again")
        try:
            left = memoryview(content)
            while left:
                left = left[os.write(self._descriptor, left) :]
            os.fsync(self._descriptor)
        except OSError as error:
            # What the engine knows and what the file says differ now: only reading the file again makes them one.
            self._is_broken = True
            raise self._trouble("written", error) from error

    def _head_of(self, text: bytes) -> Head:
        try:
            document = json.loads(text)
            if document["format"] != _FORMAT:
                raise ExchangeError(f"{self.path}: a paper account of another version of mtf; move the file away")
            return Head(str(document["account"]), Decimal(document["balance"]))
        except (ValueError, KeyError, TypeError, InvalidOperation) as error:
            raise ExchangeError(f"{self.path}: line 1 is no paper account; move the file away") from error

    def _line(self, number: int, text: bytes) -> Line:
        try:
            return read(text)
        except ValueError as error:
            raise ExchangeError(f"{self.path}: line {number} was changed since it was written") from error

    def _trouble(self, what: str, error: OSError) -> ExchangeError:
        return ExchangeError(f"{self.path}: the paper account cannot be {what}: {error.strerror}")
