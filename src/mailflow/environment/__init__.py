"""Floor 2: the world in which a requirement is asked: who is who, at which address, in which scenario."""
