"""What people look at: the steps of a search while it runs, the page about its result."""
