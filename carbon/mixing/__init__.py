"""The linear system of one block of steps, compiled."""
