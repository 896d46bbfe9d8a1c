"""What a window knows of what is ahead."""
