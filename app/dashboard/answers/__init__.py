"""The sentences that pages open with: words for the facts of `app.studies.answers`, with links to place and time."""
