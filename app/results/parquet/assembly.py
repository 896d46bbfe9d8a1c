"""A Parquet file put together from columns that were encoded one by one.

So a column that another file holds as well is encoded once. Each is a file of its own first, whose bytes are taken as
they are; only the footer is made anew, with the places where they now stand [1]. All pieces of a column stand together,
which the format leaves open: the footer says where each piece of a group of rows is.

References:
    [1] Apache Parquet, "File format", https://parquet.apache.org/docs/file-format/, and
        https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift, of which the numbers of
        fields are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from typing import Any

from app.results.parquet.footer import Struct, read_struct, split_struct, whole_number, write_struct

MAGIC = b"PAR1"
_LENGTH_BYTES = 4
_N_ROWS, _ROW_GROUPS = 3, 4
"""Fields of the whole file: how many rows, and its groups of rows."""
_COLUMNS, _BYTES, _ROWS_OF_GROUP, _OFFSET, _PACKED_BYTES = 1, 2, 3, 5, 6
"""Fields of a group of rows: its pieces of columns, their bytes, its rows, where it begins, and their packed bytes."""
_ABOUT = 3
"""Field of a piece of a column that tells of it; and those of that: its name, and where its pages are."""
_PATH, _DATA_PAGE, _DICTIONARY_PAGE = 3, 9, 11


@dataclass(frozen=True, eq=False)
class EncodedColumn:
    """A column as it stands in a file.

    Args:
        pages: Its bytes.
        groups: What the footer says of each group of rows, as if they stood first in the file.
    """

    pages: bytes
    groups: tuple[Struct, ...]

    @classmethod
    def from_file(cls, file: bytes) -> EncodedColumn:
        """The column of a file that has one."""
        return cls(file[len(MAGIC) : _start_of_footer(file)], tuple(footer_of(file)[_ROW_GROUPS][1][1]))

    @classmethod
    def joined(cls, parts: Sequence[EncodedColumn]) -> EncodedColumn:
        """A column whose rows are those of several, one after the other."""
        by, groups = 0, list[Struct]()
        for part in parts:
            groups += [_moved(group, by) for group in part.groups]
            by += len(part.pages)
        return cls(b"".join(part.pages for part in parts), tuple(groups))

    def renamed(self, name: str) -> EncodedColumn:
        """The same column under another name."""
        return EncodedColumn(self.pages, tuple(_renamed(group, name) for group in self.groups))

    @cached_property
    def pieces(self) -> tuple[_Piece, ...]:
        """What the footer says of the column in each group of rows."""
        return tuple(_Piece.from_struct(piece) for group in self.groups for piece in group[_COLUMNS][1][1])

    def estimated_size(self) -> int:
        """About its size, as a frame of polars says it [byte]."""
        return len(self.pages)


@dataclass(frozen=True, eq=False)
class _Piece:
    """What a footer says of a piece of a column, written once; only where its pages are changes from file to file.

    Args:
        parts: Its bytes before, between and after the places of its pages.
        places: These, as if the column stood first in the file.
    """

    parts: tuple[bytes, ...]
    places: tuple[int, ...]

    @classmethod
    def from_struct(cls, piece: Struct) -> _Piece:
        """A piece as a footer of its own file says it."""
        about: Struct = piece[_ABOUT][1]
        fields = [field for field in (_DATA_PAGE, _DICTIONARY_PAGE) if field in about]
        before, after = split_struct(piece, _ABOUT)
        first, *others = split_struct(about, *fields)
        parts = [before + first, *others]
        return cls((*parts[:-1], parts[-1] + after), tuple(_value(about, field) for field in fields))

    def moved(self, by: int) -> bytes:
        """Its bytes where its pages stand so many bytes further back."""
        places = (whole_number(place + by) for place in self.places)
        return self.parts[0] + b"".join(each for pair in zip(places, self.parts[1:], strict=True) for each in pair)


def footer_of(file: bytes) -> Struct:
    """The footer of a Parquet file."""
    return read_struct(BytesIO(file[_start_of_footer(file) :]))


def parts_of_file(schema: Struct, columns: Sequence[EncodedColumn]) -> Iterator[bytes]:
    """The bytes of a file in parts, in their order.

    Args:
        schema: The footer of a file with all columns and no rows.
        columns: Each column, all with as many rows in each group.

    Raises:
        ValueError: If columns differ in their groups of rows.
    """
    yield MAGIC
    by, pieces = 0, list[list[bytes]]()
    for column in columns:  # those that hold the same stand apart too: readers take it that no two share bytes
        yield column.pages
        pieces.append([piece.moved(by) for piece in column.pieces])
        by += len(column.pages)
    groups = zip(zip(*(column.groups for column in columns), strict=True), zip(*pieces, strict=True), strict=True)
    joined = [_joined(parts, written) for parts, written in groups]
    n_rows = sum(_value(group, _ROWS_OF_GROUP) for group in joined)
    written = BytesIO()
    write_struct(_with(_with(schema, _N_ROWS, n_rows), _ROW_GROUPS, (schema[_ROW_GROUPS][1][0], joined)), written)
    yield written.getvalue()
    yield len(written.getvalue()).to_bytes(_LENGTH_BYTES, "little") + MAGIC


def _start_of_footer(file: bytes) -> int:
    end = len(file) - len(MAGIC) - _LENGTH_BYTES
    return end - int.from_bytes(file[end : end + _LENGTH_BYTES], "little")


def _value(struct: Struct, field: int) -> int:
    return int(struct[field][1])


def _with(struct: Struct, field: int, value: Any) -> Struct:
    """A structure with another value of a field that it has."""
    return struct | {field: (struct[field][0], value)}


def _moved(group: Struct, by: int) -> Struct:
    """A group of rows of one column whose pages stand so many bytes further back."""
    of, (piece,) = group[_COLUMNS][1]
    about: Struct = piece[_ABOUT][1]
    for field in (_DATA_PAGE, _DICTIONARY_PAGE):
        about = _with(about, field, _value(about, field) + by) if field in about else about
    return _with(_with(group, _COLUMNS, (of, [_with(piece, _ABOUT, about)])), _OFFSET, _value(group, _OFFSET) + by)


def _renamed(group: Struct, name: str) -> Struct:
    """A group of rows of one column with another name."""
    of, (piece,) = group[_COLUMNS][1]
    about: Struct = piece[_ABOUT][1]
    path = about[_PATH][1][0], [name.encode()]
    return _with(group, _COLUMNS, (of, [_with(piece, _ABOUT, _with(about, _PATH, path))]))


def _joined(parts: Sequence[Struct], pieces: Sequence[bytes]) -> Struct:
    """One group of rows of those of each column, with what is written of their pieces."""
    first = parts[0]
    if len({_value(part, _ROWS_OF_GROUP) for part in parts}) != 1:
        raise ValueError("columns of one file must have as many rows in each group")
    for field in (_BYTES, _PACKED_BYTES):
        first = _with(first, field, sum(_value(part, field) for part in parts))
    return _with(first, _COLUMNS, (first[_COLUMNS][1][0], list(pieces)))
