"""The pages, in the order of the navigation; a new page is one file and one line here."""

from __future__ import annotations

from app.dashboard.pages import (
    about,
    build,
    compare,
    data_centres,
    emissions,
    ev,
    grid_map,
    hydrogen,
    operations,
    overview,
)

PAGES = (
    overview.PAGE,
    grid_map.PAGE,
    emissions.PAGE,
    ev.PAGE,
    hydrogen.PAGE,
    data_centres.PAGE,
    compare.PAGE,
    build.PAGE,
    operations.PAGE,
    about.PAGE,
)
