"""Where a store lies: a folder of this machine, or a URL."""
