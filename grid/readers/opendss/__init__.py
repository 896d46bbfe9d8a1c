"""Circuits of OpenDSS: their scripts, its engine in a process apart, and what a net of sequences takes of them."""
