from __future__ import annotations

from io import BytesIO

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.results.parquet.assembly import MAGIC, EncodedColumn, footer_of, parts_of_file
from app.results.parquet.footer import Struct, read_struct, write_struct

WHOLE = st.integers(-(2**63), 2**63 - 1)
KINDS = st.sampled_from([(5, WHOLE), (6, WHOLE), (8, st.binary(max_size=300)), (3, st.integers(0, 255))])


@st.composite
def structs(draw: st.DrawFn, depth: int = 2) -> Struct:
    found = Struct()
    for number in draw(st.sets(st.integers(1, 40), max_size=4)):
        kind, values = draw(KINDS)
        found[number] = kind, draw(values)
        if draw(st.booleans()):
            found[number] = 9, (kind, draw(st.lists(values, max_size=20)))
        elif depth and draw(st.booleans()):
            found[number] = 12, draw(structs(depth - 1))
    return found


@given(structs())
def test_a_structure_is_read_as_it_was_written(struct: Struct) -> None:
    file = BytesIO()
    write_struct(struct, file)
    file.write(b"what follows")
    file.seek(0)
    assert read_struct(file) == struct
    assert file.read() == b"what follows"


def test_a_footer_of_pyarrow_is_written_as_it_was_byte_for_byte() -> None:
    content = written(frame(10))
    file = BytesIO()
    write_struct(footer_of(content), file)
    assert content.endswith(file.getvalue() + len(file.getvalue()).to_bytes(4, "little") + MAGIC)


@pytest.mark.parametrize("rows", [0, 1, 10])
def test_columns_encoded_one_by_one_are_the_table_to_all_who_read_it(rows: int) -> None:
    whole = frame(rows)
    content = joined([whole.select(name) for name in whole.columns], whole)
    assert pl.read_parquet(content).equals(whole)
    assert pq.read_table(BytesIO(content)).equals(pq.read_table(BytesIO(written(whole))))
    assert pl.scan_parquet(content).filter(pl.col("number") > 4).select("text").collect().height == max(0, rows - 5)
    about, expected = pq.read_metadata(BytesIO(content)), pq.read_metadata(BytesIO(written(whole)))
    assert about.num_row_groups == expected.num_row_groups
    for group in range(about.num_row_groups):
        found, other = about.row_group(group), expected.row_group(group)
        assert (found.num_rows, found.total_byte_size) == (other.num_rows, other.total_byte_size)
        assert [found.column(k).statistics for k in range(3)] == [other.column(k).statistics for k in range(3)]


def test_columns_that_hold_the_same_stand_apart_in_the_file() -> None:
    """Polars 2.1 refuses now and then what asks for the same bytes twice: "duplicate range start in read request"."""
    whole = frame(10).select("number", again=pl.col("number"), known="known")
    file = joined([whole.select(name) for name in whole.columns], whole)
    group = pq.ParquetFile(BytesIO(file)).metadata.row_group(0)
    starts = [group.column(k).data_page_offset for k in range(3)]
    assert starts == sorted(set(starts))
    assert pl.read_parquet(file).equals(whole)


def test_columns_with_other_groups_of_rows_are_no_file() -> None:
    whole = frame(10)
    with pytest.raises(ValueError, match="rows in each group"):
        joined([whole.select("text"), whole.select("number").head(9), whole.select("known")], whole)


def frame(rows: int) -> pl.DataFrame:
    """Columns of every kind, with more rows than a group holds, or fewer."""
    numbers = range(rows)
    return pl.DataFrame(
        {
            "text": pl.Series([f"bus {k % 3}" for k in numbers], dtype=pl.String),
            "number": pl.Series(list(numbers), dtype=pl.Int64),
            "known": pl.Series([None if k % 4 == 0 else k / 8 for k in numbers], dtype=pl.Float64),
        }
    )


def written(some: pl.DataFrame) -> bytes:
    file = BytesIO()
    columns = pa.table({each.name: each.to_arrow() for each in some})
    pq.write_table(columns, file, row_group_size=4, use_dictionary=["text"] if "text" in some.columns else False)
    return file.getvalue()


def joined(columns: list[pl.DataFrame], whole: pl.DataFrame) -> bytes:
    encoded = [EncodedColumn.from_file(written(column)) for column in columns]
    return b"".join(parts_of_file(footer_of(written(whole.clear())), encoded))
