"""The product: from a scenario file to results, and what is done with them.

- `app.scenario` reads and checks, `app.simulation` runs, `app.accounts` and `app.tariffs` count carbon and costs.
- `app.results` writes and reads result folders; `app.batch` runs sweeps.
- `app.studies` and `app.reports` ask further questions of results; `app.twin` follows the grid in operation.
- `app.dashboard` is the web app, `app.commands` the command line, which `app.cli` lists.
"""
