"""What cooling technologies are made of: base class, halls, air handlers, chillers, towers, pumps and part load."""
