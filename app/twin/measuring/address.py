"""Where a broker of MQTT is, and as whom: ``mqtt://user:password@host:1883/prefix``, with TLS ``mqtts://…:8883/…``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from grid.errors import Fault, InputError, nearest, raise_if_any

PORTS: Final = {"mqtt": 1883, "mqtts": 8883}
"""Usual port of each scheme."""
PASSWORD_VARIABLE: Final = "GRIDCARBON_MQTT_PASSWORD"  # noqa: S105  the name of a variable
"""Environment variable that holds the password, which then need not stand in the URL."""
PREFIX: Final = "gridcarbon"
"""What topics begin with if the URL does not say."""


@dataclass(frozen=True)
class MqttAddress:
    """A broker.

    Args:
        host: Its name or address.
        port: Its port.
        tls: Whether the connection is encrypted, and the broker must show a certificate for its name.
        prefix: What topics begin with.
        user: As whom; None for nobody.
        password: The password of the user.
    """

    host: str
    port: int
    tls: bool = False
    prefix: str = PREFIX
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        """It as messages name it, without a password."""
        user = f"{self.user}@" if self.user else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"mqtt{'s' if self.tls else ''}://{user}{host}:{self.port}/{self.prefix}"


def is_mqtt(text: str, place: str) -> bool:
    """Whether a text is meant as the URL of a broker; else it is that of a file.

    Args:
        text: The text.
        place: What it was given for.

    Raises:
        InputError: If it is a URL of anything else.
    """
    scheme, there, _ = text.partition("://")
    if there and scheme.casefold() not in PORTS:
        rule = f"must be a file, or begin with {' or '.join(f'{name}://' for name in PORTS)}"
        raise InputError.single(place, rule, f"{scheme}://…", f"{nearest(scheme, PORTS) or next(iter(PORTS))}://…")
    return bool(there)


def mqtt_address(url: str, environment: Mapping[str, str] | None = None) -> MqttAddress:
    """The broker of a URL; a password in the environment (`PASSWORD_VARIABLE`) goes before that of the URL.

    Raises:
        InputError: With all that is wrong with the URL.
    """
    parts = urlsplit(url)
    raise_if_any(_faults(parts), "the address of the broker")
    password = (os.environ if environment is None else environment).get(PASSWORD_VARIABLE)
    if password is None and parts.password is not None:
        password = unquote(parts.password)
    return MqttAddress(
        host=parts.hostname or "",
        port=parts.port or PORTS[parts.scheme],
        tls=parts.scheme == "mqtts",
        prefix=unquote(parts.path.strip("/")) or PREFIX,
        user=unquote(parts.username) if parts.username else None,
        password=password,
    )


def _faults(parts: SplitResult) -> Iterator[Fault]:
    if parts.scheme not in PORTS:
        yield Fault("scheme", "must be mqtt or mqtts", parts.scheme, nearest(parts.scheme, PORTS))
    if not parts.hostname:
        yield Fault("host", "is missing, as in mqtt://host:1883/prefix")
    try:
        _ = parts.port
    except ValueError:
        yield Fault("port", "must be a number within 1..65535", parts.netloc.rpartition(":")[2])
    if any(sign in unquote(parts.path) for sign in "+#$\0"):
        yield Fault("prefix", "must have none of + # $", parts.path.strip("/"))
    for name, text in (("query", parts.query), ("fragment", parts.fragment)):
        if text:
            yield Fault(name, "must not be there", text)
