"""The footer of a Parquet file as values: structures of the compact protocol of Thrift [1], by number of the field.

Only what Parquet's footers hold is known here: whole numbers, truth values, texts, lists and structures.

References:
    [1] Apache Thrift, "Thrift compact protocol encoding",
        https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

Struct = dict[int, tuple[int, Any]]
"""Type and value of every field by its number; a list is the type of its elements and these, a structure may be written
already, as bytes."""

_TRUE, _FALSE, _BYTE, _WHOLE, _BINARY, _LIST, _STRUCT = 1, 2, 3, {4, 5, 6}, 8, 9, 12
_MANY = 15
"""In place of the length of a list that needs more than four bits."""


def read_struct(file: BytesIO) -> Struct:
    """The structure that begins where a file stands.

    Raises:
        ValueError: If a type is none of those that Parquet's footers hold.
    """
    found, number = Struct(), 0
    while head := file.read(1)[0]:
        step, kind = head >> 4, head & 15
        number = number + step if step else _signed(_read_number(file))
        found[number] = kind, kind == _TRUE if kind in {_TRUE, _FALSE} else _read(file, kind)
    return found


def write_struct(struct: Struct, file: BytesIO) -> None:
    """Writes a structure, its fields in the order of their numbers."""
    file.write(b"".join(split_struct(struct)))


def split_struct(struct: Struct, *without: int) -> list[bytes]:
    """The bytes of a structure without the values of some of its fields: what stands before, between and after them."""
    parts, file, before = list[bytes](), BytesIO(), 0
    for number, (declared, value) in sorted(struct.items()):
        kind = declared if declared not in {_TRUE, _FALSE} else _TRUE if value else _FALSE
        if number - before < _MANY:
            file.write(bytes([(number - before) << 4 | kind]))
        else:
            file.write(bytes([kind]))
            _write_number(_unsigned(number), file)
        if number in without:
            parts.append(file.getvalue())
            file = BytesIO()
        elif kind not in {_TRUE, _FALSE}:
            _write(value, kind, file)
        before = number
    file.write(b"\0")
    return [*parts, file.getvalue()]


def whole_number(value: int) -> bytes:
    """The bytes of a whole number."""
    file = BytesIO()
    _write_number(_unsigned(value), file)
    return file.getvalue()


def _read(file: BytesIO, kind: int) -> Any:
    if kind in _WHOLE:
        return _signed(_read_number(file))
    if kind == _BINARY:
        return file.read(_read_number(file))
    if kind == _STRUCT:
        return read_struct(file)
    if kind == _LIST:
        head = file.read(1)[0]
        length, of = head >> 4, head & 15
        length = _read_number(file) if length == _MANY else length
        return of, [_read(file, of) for _ in range(length)]
    if kind in {_TRUE, _FALSE, _BYTE}:
        return file.read(1)[0]
    raise ValueError(f"a footer of Parquet holds nothing of type {kind}")


def _write(value: Any, kind: int, file: BytesIO) -> None:
    if kind in _WHOLE:
        _write_number(_unsigned(value), file)
    elif kind == _BINARY:
        _write_number(len(value), file)
        file.write(value)
    elif kind == _STRUCT:
        file.write(value if isinstance(value, bytes) else b"".join(split_struct(value)))
    elif kind == _LIST:
        of, values = value
        file.write(bytes([min(len(values), _MANY) << 4 | of]))
        if len(values) >= _MANY:
            _write_number(len(values), file)
        for each in values:
            _write(each, of, file)
    else:
        file.write(bytes([value]))


def _read_number(file: BytesIO) -> int:
    """A number of seven bits a byte, the lowest first."""
    value = shift = 0
    while (byte := file.read(1)[0]) & 128:
        value |= (byte & 127) << shift
        shift += 7
    return value | byte << shift


def _write_number(value: int, file: BytesIO) -> None:
    while value > 127:
        file.write(bytes([value & 127 | 128]))
        value >>= 7
    file.write(bytes([value]))


def _signed(value: int) -> int:
    return value >> 1 ^ -(value & 1)


def _unsigned(value: int) -> int:
    """A number that is small where the value is near 0; of 64 bits, as all of a footer are."""
    return (value << 1 ^ value >> 63) & (1 << 64) - 1
