"""Bakes the shipped weather from the files of pvlib and demandlib: ``python -m grid.data.bake_weather [FOLDER]``.

Reading it, and holding it against the sun of its place, takes pvlib and pandas, which take longer to start than all
else that a check of a scenario needs. ``weather/README.md`` describes the files; running the script again gives the
same bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path

from grid.weather.files import read_shipped_file
from grid.weather.stored import STORED, year_bytes

WEATHER_FOLDER = Path(__file__).parent / "weather"


def main() -> None:
    """Bakes into the folder named on the command line, by default into this package."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else WEATHER_FOLDER
    for name in STORED:
        file = folder / f"{name}.json.gz"
        file.write_bytes(year_bytes(read_shipped_file(name)))
        sys.stdout.write(f"{file}: {file.stat().st_size / 1000:,.1f} kB\n")


if __name__ == "__main__":
    main()
