"""Networks of PyPSA: their files, their standard types, and the net that they are."""
