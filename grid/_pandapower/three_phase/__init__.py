"""Nets in three phases: the sequences as matrices, what they lack, single steps by pandapower."""
