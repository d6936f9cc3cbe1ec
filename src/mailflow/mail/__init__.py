"""Floor 0: the nouns of RFC 5321, RFC 5322 and RFC 5598. Pure values; knows nothing of Exchange."""
