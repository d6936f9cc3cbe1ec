"""Floor 5: what a requirement is, what a verdict is, and what carries it."""
