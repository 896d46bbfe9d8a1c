"""One module for each command of the command line, or for a few that belong together; `app.cli` lists them.

A command imports what it needs when it runs, so that `gridcarbon --help` and a mistyped option answer at once.
"""
