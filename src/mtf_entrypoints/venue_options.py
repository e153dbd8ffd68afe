"""What is set of each exchange that is reached over a wire: its key, and what leads elsewhere than its defaults.

A variable is the exchange's prefix and the name of its option in capitals: `OKX_REST_URL` is `rest_url` of
`OkxOptions`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, TypeVar

from attrs import evolve, field, fields, frozen

Options = TypeVar("Options", bound="VenueOptions")


@frozen
class VenueOptions:
    """Options of one exchange. The parts of its key do not show in their text."""

    PREFIX: ClassVar[str] = ""
    """How the names of its variables begin."""
    KEY: ClassVar[tuple[str, ...]] = ()
    """The parts of its key: all of them belong together, and each is a secret."""
    CHOICES: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """What is allowed of options that are one of a few words."""

    @classmethod
    def variables(cls) -> tuple[str, ...]:
        """The names of its variables, in the order of its options."""
        return tuple(cls.variable(attribute.name) for attribute in fields(cls))

    @classmethod
    def variable(cls, option: str) -> str:
        return f"{cls.PREFIX}{option.upper()}"

    @classmethod
    def of(cls: type[Options], values: Mapping[str, str]) -> Options:
        """The options of those variables that are set; words of a choice in lower case, whatever they are."""
        given = {each.name: values.get(cls.variable(each.name)) for each in fields(cls)}
        chosen = {name: value.lower() for name in cls.CHOICES if (value := given[name]) is not None}
        return cls(**{**given, **chosen})

    @property
    def key_parts(self) -> dict[str, str | None]:
        """Each part of the key under the name of its variable; None: not set."""
        return {self.variable(name): getattr(self, name) for name in self.KEY}

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(part for part in self.key_parts.values() if part)

    def without_key(self: Options) -> Options:
        return evolve(self, **dict.fromkeys(self.KEY))


@frozen
class BitmartOptions(VenueOptions):
    """The key of BitMart, and addresses other than those of the environment."""

    PREFIX: ClassVar[str] = "BITMART_"
    KEY: ClassVar[tuple[str, ...]] = ("api_key", "secret_key", "api_memo")

    api_key: str | None = field(default=None, repr=False)
    secret_key: str | None = field(default=None, repr=False)
    api_memo: str | None = field(default=None, repr=False)
    public_api_url: str | None = None
    private_api_url: str | None = None
    ws_public_url: str | None = None
    ws_private_url: str | None = None


@frozen
class OkxOptions(VenueOptions):
    """The key of OKX, which of its sites and products is meant, and other addresses."""

    PREFIX: ClassVar[str] = "OKX_"
    KEY: ClassVar[tuple[str, ...]] = ("api_key", "secret_key", "passphrase")
    CHOICES: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "region": ("global", "eea", "us"),
        "product": ("swap", "xperp"),
    }

    api_key: str | None = field(default=None, repr=False)
    secret_key: str | None = field(default=None, repr=False)
    passphrase: str | None = field(default=None, repr=False)
    region: str | None = None
    """None: global."""
    product: str | None = None
    """None: what the region sells, `xperp` in the EEA and `swap` elsewhere."""
    rest_url: str | None = None
    ws_public_url: str | None = None
    ws_business_url: str | None = None
    ws_private_url: str | None = None


WIRE_OPTIONS: tuple[type[VenueOptions], ...] = (BitmartOptions, OkxOptions)
