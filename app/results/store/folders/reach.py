"""File systems at URLs, and how what goes wrong with them is said."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from app.failures import StoreError
from grid.errors import InputError, nearest
from grid.files.output import in_words

_CURES = {"s3": "pip install 'gridcarbon[s3]'", "s3a": "pip install 'gridcarbon[s3]'"}
"""How what a protocol needs is installed; of others fsspec says it."""
_WITH_BUCKETS = frozenset({"s3", "s3a", "gs", "gcs", "oss", "oci"})
"""Protocols of object stores whose buckets are not made by writing to them."""
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_FAR = ("EndpointConnectionError", "ConnectTimeoutError", "ConnectionError", "ClientConnectorError", "TimeoutError",
        "FSTimeoutError", "ConnectionRefusedError", "gaierror")  # fmt: skip
"""Names of errors by which drivers say that nobody answers."""
_UNKNOWN = ("NoCredentialsError", "PartialCredentialsError", "NoSessionError", "DefaultCredentialsError")
"""Names of errors by which drivers say that they know no user."""


def without_password(url: str) -> str:
    """A URL as messages name it."""
    return re.sub(r"(://[^/@:]*):[^/@]*@", r"\1:***@", url)


def file_system_at(url: str) -> tuple[Any, str]:
    """The file system of fsspec at a URL, and the path in it.

    Raises:
        InputError: If its protocol is unknown, what it needs is not installed, or the URL is wrong.
        StoreError: If it cannot be reached.
    """
    import fsspec  # noqa: PLC0415  only where a store is not in a folder

    shown = without_password(url)
    protocol = url.split("://", 1)[0].rsplit("::", maxsplit=1)[-1]
    known = fsspec.available_protocols()
    if protocol not in known:
        raise InputError.single("STORE", "is a URL of a kind that is not known", shown, nearest(protocol, known))
    try:
        system, path = fsspec.core.url_to_fs(url)
    except ImportError as error:
        rule = f"{protocol}:// needs a package that is not installed: {_CURES.get(protocol, error)}"
        raise InputError.single("STORE", rule, shown) from error
    except ValueError as error:
        raise InputError.single("STORE", f"is not a URL of {protocol}: {error}", shown) from error
    except Exception as error:
        raise StoreError(shown, _in_words(error)) from error
    if not str(path).strip("/"):
        raise InputError.single("STORE", "names no bucket and no folder", shown)
    if protocol in _WITH_BUCKETS:
        _check_bucket(system, str(path).strip("/").split("/", 1)[0], shown)
    return system, str(path)


def _check_bucket(system: Any, bucket: str, shown: str) -> None:
    """Raises an error if there is no such bucket; who may only use folders of it is told so by them."""
    with reaching(shown):
        try:
            system.info(bucket)
        except FileNotFoundError as error:
            raise InputError.single("STORE", f"there is no bucket {bucket!r}", shown) from error
        except PermissionError:
            return


@contextmanager
def reaching(shown: str) -> Iterator[None]:
    """Says in words what goes wrong while a file system is used.

    Raises:
        StoreError: Whatever its driver raises. Each has errors of its own, so that no list of them would do.
    """
    try:
        yield
    except (StoreError, InputError):
        raise
    except Exception as error:
        raise StoreError(shown, _in_words(error)) from error


def disk_error(error: OSError) -> str:
    """What is wrong with a folder of this machine, from an error of its file system."""
    full = error.errno in _FULL or "No space left" in str(error)  # polars says it without the number
    return "cannot be written: the disk is full" if full else in_words(error)


def _in_words(error: Exception) -> str:
    names = {kind.__name__ for kind in type(error).__mro__}
    text = str(error).strip().splitlines()
    said = text[0] if text else type(error).__name__
    if isinstance(error, OSError) and error.errno in _FULL:
        return disk_error(error)
    if isinstance(error, FileNotFoundError):
        return f"there is no such bucket or folder: {said}"
    if isinstance(error, PermissionError):
        return f"permission denied: {said}"
    if names.intersection(_UNKNOWN):
        return f"permission denied, no credentials were found: {said}"
    if names.intersection(_FAR):
        return f"cannot be reached: {said}"
    return f"cannot be used now: {type(error).__name__}: {said}"
