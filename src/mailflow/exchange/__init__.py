"""Floor 1: the nouns of Exchange, as Microsoft names them, and the reader of cmdlet exports."""
