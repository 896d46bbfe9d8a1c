"""How a table of a result is stored: Parquet, of numbers as fine as they mean something, packed; and read in pieces.

Numbers are rounded as `app.results.parquet.resolution` says; all stay double where they are declared double. Their
bytes are stored stream by stream (``BYTE_STREAM_SPLIT``), so that the bytes that such numbers have in common stand
together, and times and whole numbers that rise as the differences of one and the next (``DELTA_BINARY_PACKED``) [1].

References:
    [1] Apache Parquet, "Encodings", https://parquet.apache.org/docs/file-format/data-pages/encodings/.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from io import BytesIO
from itertools import chain, count
from typing import Any, BinaryIO

import polars as pl

from app.results.columns import TABLES
from app.results.parquet.assembly import EncodedColumn, footer_of, parts_of_file
from app.results.parquet.footer import Struct
from app.results.parquet.resolution import RESOLUTIONS, Rounding, rounding_of
from grid.sharing import keep_latest

ROWS_AT_ONCE = 1_000_000
"""Rows of a piece of a large table: that of a year of a city has ten million."""
WHOLE = {"assets": frozenset({"p_mw", "drawn_mw", "fed_in_mw", "q_mvar", "fed_in_ci_kg_per_mwh"})}
"""Columns of `RESOLUTIONS` whose bytes are not split into streams, by table: powers of assets are often rated ones, and
values that repeat pack better whole."""
RISING = frozenset({"time", "start", "vehicle"})
"""Columns stored as differences, of any table: a dictionary would hold each moment whole, at 7 bytes a step."""
SPLIT = frozenset({*RESOLUTIONS, "ledger", "city", "views"})
"""Tables whose numbers are split into streams; in smaller ones most numbers repeat, and pack better whole."""
LEVELS = {**dict.fromkeys(RESOLUTIONS, 7), "branches": 9, "nodal": 9}
"""Of zstd, by table; 1 where none is stated."""
SQUEEZED = {"assets": frozenset({"p_mw", "drawn_mw", "fed_in_mw", "q_mvar", "e_mwh", "fed_in_ci_kg_per_mwh"})}
"""Columns packed at level 9, by table: they take a tenth less room then. Others hardly do, and take twice as long."""
ROWS_IN_GROUP = 2**17
"""Rows that are read together, some days of the reference city; each group is one page, so that the bytes of a stream
fill a block of zstd, which has a code of its own. In pages of 20,000 rows, as pyarrow makes them by itself, several
streams share a code, and a year takes 6 % more."""

MOST_KEPT_BYTES = 4_000_000
"""Size of a column that is kept for the next run, at most: twice that of a week of the reference city [byte]."""


def in_columns(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """A table with exactly its columns, in their order and of their types, from a frame that has them."""
    if frame.columns == list(TABLES[name]) and frame.dtypes == list(TABLES[name].values()):
        return frame
    columns = ((frame.get_column(column), dtype) for column, dtype in TABLES[name].items())
    return pl.DataFrame([column if column.dtype == dtype else column.cast(dtype) for column, dtype in columns])


def as_stored(name: str, frame: pl.DataFrame) -> pl.LazyFrame:
    """A table as it will be read again: its columns, their numbers to multiples of `RESOLUTIONS`."""
    rounded = ((column, rounding_of(name, column)) for column in RESOLUTIONS.get(name, {}))
    return in_columns(name, frame).lazy().with_columns(how.of_column(column) for column, how in rounded if how)


@dataclass(frozen=True)
class EncodedTable:
    """A table that has been written.

    Args:
        frame: The table with exactly its columns, if it came in one piece.
        columns: The columns of a large table in one piece, by name; the same objects as in the table written before,
            within `sharing_preparation`, where that has them too.
    """

    frame: pl.DataFrame | None = None
    columns: Mapping[str, EncodedColumn] = field(default_factory=dict)


def encode(name: str, frame: pl.DataFrame, file: BinaryIO) -> EncodedTable:
    """Writes a table as it is stored, as Parquet; at the least level of zstd if all its numbers are whole.

    Within `sharing_preparation` those columns of a large table are taken as they are that the table written before has,
    too.
    """
    if frame.is_empty():
        file.write(_without_rows(name))
        return EncodedTable(in_columns(name, frame))
    if name not in RESOLUTIONS:
        table, content = keep_latest(f"file of {name}", _Same(frame), partial(_file_of_small, name, frame))
        file.write(content)
        return EncodedTable(table)
    table = in_columns(name, frame)
    encoded, alike = dict[str, EncodedColumn](), _Alike()
    for column in table:
        encoded[column.name] = _encoded_or_kept(name, column, alike)
        alike[_Content(column), _packing(name, column.name)] = encoded[column.name]
    file.writelines(parts_of_file(_schema(name), list(encoded.values())))
    return EncodedTable(table, encoded)


def _file_of_small(name: str, frame: pl.DataFrame) -> tuple[pl.DataFrame, bytes]:
    """A table with exactly its columns, and its file."""
    table = in_columns(name, frame)
    return table, _written(name, _arrays(table))


def encode_pieces(name: str, pieces: Iterable[pl.DataFrame], file: BinaryIO) -> EncodedTable:
    """Writes a table whose rows come in pieces, at least one, of which one is held at a time."""
    following = iter(pieces)
    first = next(following)
    second = next(following, None)
    if second is None or name not in RESOLUTIONS:
        return encode(name, first if second is None else pl.concat([first, second, *following]), file)
    columns: dict[str, list[EncodedColumn]] = {column: [] for column in TABLES[name]}
    pieces = chain([first, second], following)
    del first, second
    for piece in pieces:
        for column in in_columns(name, piece):
            columns[column.name].append(_encoded(name, column, _Alike())[1])
    file.writelines(parts_of_file(_schema(name), [EncodedColumn.joined(parts) for parts in columns.values()]))
    return EncodedTable()


@cache
def _without_rows(name: str) -> bytes:
    """The file of a table without rows."""
    frame = pl.DataFrame(schema=TABLES[name])
    if name not in RESOLUTIONS:
        return _written(name, _arrays(frame))
    return b"".join(parts_of_file(_schema(name), [_encoded(name, column, _Alike())[1] for column in frame]))


class _Same:
    """A table as a key: equal to itself alone, as one that was taken from the run before is."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame

    def __hash__(self) -> int:
        return id(self.frame)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.frame is other.frame


def _encoded_or_kept(name: str, series: pl.Series, alike: _Alike) -> EncodedColumn:
    """A column of a table as it is stored, taken from the table before or from a column of this one where it can be."""
    if series.estimated_size() > MOST_KEPT_BYTES:
        return _encoded(name, series, alike)[1]
    return keep_latest(f"{series.name} of {name}", _Content(series), partial(_encoded, name, series, alike))[1]


_OF_NAMES = (pl.String, pl.Categorical)


class _Content:
    """A column as a key: equal to one of the same type whose memory holds the same bits."""

    def __init__(self, series: pl.Series) -> None:
        self.series = series

    def __hash__(self) -> int:
        return hash((len(self.series), str(self.series.dtype)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Content) or self.series.dtype != other.series.dtype:
            return False
        if self.series.dtype in _OF_NAMES:  # which would be copied to stand as they are compared below
            return self.series.equals(other.series)
        own, others = self._array, other._array
        return (len(own), own.offset) == (len(others), others.offset) and all(
            one is another if one is None or another is None else one.equals(another)
            for one, another in zip(own.buffers(), others.buffers(), strict=True)
        )

    @cached_property
    def _array(self) -> Any:
        """Its memory."""
        return self.series.to_arrow()


_Alike = dict[tuple[_Content, tuple[Rounding | None, int, str | None]], EncodedColumn]
"""Columns of a table that have been encoded, by what they were before and how they were packed."""


def _packing(name: str, column: str) -> tuple[Rounding | None, int, str | None]:
    """How the numbers of a column are rounded, the level of zstd, and the encoding."""
    level = 9 if column in SQUEEZED.get(name, ()) else LEVELS[name]
    return rounding_of(name, column), level, _encoding(name, column)


def _encoded(name: str, series: pl.Series, alike: _Alike) -> tuple[pl.Series, EncodedColumn]:
    """A column of a table as it is stored; with what it was before, which the size of what is kept counts too."""
    rounding, level, _ = packing = _packing(name, series.name)
    same = alike.get((_Content(series), packing))
    if same is not None:
        return series, same.renamed(series.name)
    stored = series.to_arrow() if rounding is None or series.is_empty() else rounding.of_series(series)
    return series, EncodedColumn.from_file(_written(name, {series.name: stored}, level))


@cache
def _schema(name: str) -> Struct:
    """Footer of a file of a table without rows."""
    return footer_of(_written(name, _arrays(pl.DataFrame(schema=TABLES[name]))))


def _arrays(frame: pl.DataFrame) -> dict[str, Any]:
    """The columns of a table as arrays of pyarrow, by name."""
    return {each.name: each.to_arrow() for each in frame}


def _written(name: str, arrays: Mapping[str, Any], level: int = 1) -> bytes:
    """A Parquet file of some columns of a table. Statistics of names would cost half of them and tell nothing."""
    import pyarrow as pa  # noqa: PLC0415  slow, and only needed where a result is written
    import pyarrow.parquet as pq  # noqa: PLC0415

    file = BytesIO()
    encodings = {column: encoding for column in arrays if (encoding := _encoding(name, column))}
    pq.write_table(
        pa.table(dict(arrays)), file,
        compression="zstd", compression_level=level, row_group_size=ROWS_IN_GROUP,
        max_rows_per_page=ROWS_IN_GROUP, data_page_size=8 * ROWS_IN_GROUP,
        use_dictionary=[column for column in arrays if not TABLES[name][column].is_float() and column not in encodings],
        column_encoding=encodings or None,
        write_statistics=[column for column in arrays if TABLES[name][column] != pl.Categorical],
    )  # fmt: skip
    return file.getvalue()


def _encoding(name: str, column: str) -> str | None:
    """How Parquet writes the values of a column of a table, if not whole or by a dictionary."""
    if column in RISING:
        return "DELTA_BINARY_PACKED"
    if TABLES[name][column].is_float() and name in SPLIT and column not in WHOLE.get(name, ()):
        return "BYTE_STREAM_SPLIT"
    return None


def in_pieces(table: pl.LazyFrame, rows: int = ROWS_AT_ONCE) -> Iterator[pl.DataFrame]:
    """The rows of a table in pieces, at least one, in their order.

    Args:
        table: The table; only what it selects is read.
        rows: Rows of a piece.
    """
    for start in count(0, rows):
        piece = table.slice(start, rows).collect()
        yield piece
        if piece.height < rows:
            return
