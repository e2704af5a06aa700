"""Several processes that serve as one: a parent that starts them, and their place in it."""
