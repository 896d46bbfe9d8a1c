"""Tests, in the folders of the packages that they test; `tests.places` says where things lie."""
