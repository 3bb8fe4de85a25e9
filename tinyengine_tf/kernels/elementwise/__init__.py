"""One output element from the elements at its place."""
