"""Elements that only move: copies, padding, concatenation, gathering, resizing."""
