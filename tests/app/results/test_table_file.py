from __future__ import annotations

from io import BytesIO

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest

from app.results.columns import TABLES
from app.results.parquet.resolution import RESOLUTIONS
from app.results.table_file import RISING, ROWS_IN_GROUP, as_stored, encode, encode_pieces
from grid.sharing import SharedPreparation, sharing_preparation


def buses(ci: float = 300.0, name: str = "quay") -> pl.DataFrame:
    """Two steps of two buses, of which one has no intensity; powers of two and minus zero."""
    times = pl.Series(["2030-01-01T00:00", "2030-01-01T00:15"]).str.to_datetime(time_unit="us", time_zone="UTC")
    return pl.DataFrame(
        {
            "time": times.gather([0, 0, 1, 1]),
            "bus": pl.Series([name, "hill"] * 2, dtype=pl.Categorical),
            "vm_pu": [1.0, 0.98, -0.0, np.pi / 3],
            "ci_kg_per_mwh": [ci, None, ci + 1, None],
            "renewable_share": [0.5, None, 0.25, None],
            "carbon_free_share": [0.5, None, 0.25, None],
        }
    )


def file_of(name: str, frame: pl.DataFrame) -> bytes:
    file = BytesIO()
    encode(name, frame, file)
    return file.getvalue()


@pytest.mark.parametrize("name", sorted(RESOLUTIONS))
def test_a_file_without_rows_has_the_columns_of_its_table(name: str) -> None:
    content = file_of(name, pl.DataFrame(schema=TABLES[name]))
    assert pl.read_parquet(content).equals(pl.DataFrame(schema=TABLES[name]))


def test_a_file_holds_what_is_said_to_be_stored() -> None:
    read = pl.read_parquet(file_of("buses", buses()))
    assert read.equals(as_stored("buses", buses()).collect())
    vm_pu = read["vm_pu"]
    assert np.signbit(vm_pu.to_numpy()).sum() == 0
    assert (vm_pu.to_numpy() * 2**19 % 1 == 0).all()
    assert abs(vm_pu[3] - np.pi / 3) <= 2**-20


def test_rows_that_come_in_pieces_are_those_of_the_table_written_at_once() -> None:
    pieces = [buses(), buses(301.0), buses(302.0).head(2)]
    file = BytesIO()
    assert encode_pieces("buses", iter(pieces), file).frame is None
    read = pl.read_parquet(file.getvalue())
    assert read.equals(pl.read_parquet(file_of("buses", pl.concat(pieces))))
    assert read.equals(pl.read_parquet(file.getvalue(), use_pyarrow=True))
    assert pq.ParquetFile(BytesIO(file.getvalue())).num_row_groups == len(pieces)


def test_a_table_of_one_piece_is_written_as_before() -> None:
    file = BytesIO()
    whole = encode_pieces("buses", [buses()], file).frame
    assert whole is not None
    assert whole.equals(buses())
    assert file.getvalue() == file_of("buses", buses())


@pytest.mark.parametrize("other", [buses(301.0), buses(name="mill"), buses().head(2), buses().reverse(), buses()])
def test_columns_taken_from_the_table_before_are_those_encoded_afresh(other: pl.DataFrame) -> None:
    with sharing_preparation(SharedPreparation()) as kept:
        first, made = file_of("buses", buses()), kept.made
        found = file_of("buses", other)
        assert made == len(TABLES["buses"])
        assert kept.made - made == sum(not column.equals(buses()[column.name]) for column in other)
    assert found == file_of("buses", other)
    assert first == file_of("buses", buses())


def test_a_group_of_rows_is_one_page_whose_streams_fill_blocks_of_zstd() -> None:
    values = np.random.default_rng(7).uniform(0.95, 1.05, ROWS_IN_GROUP)
    gaps = [pl.Series(name, [None], dtype).new_from_index(0, ROWS_IN_GROUP) for name, dtype in TABLES["buses"].items()]
    frame = pl.DataFrame(gaps).with_columns(pl.Series("vm_pu", values))
    content = file_of("buses", frame)
    bits = 8 * pq.ParquetFile(BytesIO(content)).metadata.row_group(0).column(2).total_compressed_size / ROWS_IN_GROUP
    assert bits < 17.2  # of 16 that differ; 17.9 in pages of 20,000 rows, where streams of bytes share a code
    assert pl.read_parquet(content).equals(as_stored("buses", frame).collect())


@pytest.mark.parametrize("name", ["city", "sectors", "sessions"])
def test_times_that_rise_are_stored_as_differences(name: str) -> None:
    columns = pq.ParquetFile(BytesIO(file_of(name, pl.DataFrame(schema=TABLES[name]).clear(n=2)))).metadata
    encodings = {
        columns.row_group(0).column(k).path_in_schema: columns.row_group(0).column(k).encodings
        for k in range(columns.num_columns)
    }
    rising = RISING & set(TABLES[name])
    assert rising
    assert all("DELTA_BINARY_PACKED" in encodings[column] for column in rising)


def test_columns_that_hold_the_same_are_stored_apart_under_their_names() -> None:
    times = pl.Series([0, 1, 2], dtype=pl.Int64).cast(pl.Datetime("us", "UTC"))
    gaps = pl.Series([None] * 3, dtype=pl.Float32)
    ci = pl.Series([300.01, None, -0.0], dtype=pl.Float32)
    names = pl.Series(["a", "b", "a"], dtype=pl.Categorical)
    columns = [times, names, gaps, gaps, ci, ci, ci]
    frame = pl.DataFrame([column.alias(name) for name, column in zip(TABLES["nodal"], columns, strict=True)])
    content = file_of("nodal", frame)
    assert pl.read_parquet(content).equals(as_stored("nodal", frame).collect())
    about = pq.ParquetFile(BytesIO(content)).metadata.row_group(0)
    pieces = [about.column(place) for place in range(about.num_columns)]
    assert [piece.path_in_schema for piece in pieces] == list(TABLES["nodal"])
    begins = [piece.dictionary_page_offset or piece.data_page_offset for piece in pieces]
    assert begins == sorted(set(begins))
    assert len({piece.total_compressed_size for piece in pieces[4:]}) == 1
    alone = pq.ParquetFile(BytesIO(file_of("nodal", frame.with_columns(ci.reverse().alias(frame.columns[4]))))).metadata
    assert alone.row_group(0).column(6).statistics == pieces[6].statistics


@pytest.mark.parametrize("dtype", [pl.Float32, pl.Float64])
def test_numbers_with_gaps_are_rounded_as_polars_rounds_them(dtype: pl.DataType) -> None:
    name = "ci_kg_per_mwh" if dtype == pl.Float64 else "price_per_mwh"
    table = "buses" if dtype == pl.Float64 else "nodal"
    values = pl.Series([0.5, None, 1 / 3, -1e-9, float("nan"), float("inf"), 1e30, 2.0**-6, 3 * 2.0**-6], dtype=dtype)
    rows = pl.DataFrame({column: [None] * 9 for column in TABLES[table]}, schema=TABLES[table])
    frame = rows.with_columns(values.alias(name))
    for part in (frame, frame.slice(1, 5), frame.slice(2, 2)):
        read = pl.read_parquet(file_of(table, part))[name]
        expected = as_stored(table, part).collect()[name]
        assert read.equals(expected)
        assert (np.signbit(read.to_numpy()) == np.signbit(expected.to_numpy())).all()
