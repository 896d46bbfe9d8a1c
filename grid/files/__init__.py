"""Tables of text as others write them: separators, encodings, numbers; and what a reader says of a file."""
