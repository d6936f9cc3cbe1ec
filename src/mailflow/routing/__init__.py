"""Floor 3: what one MTA decides about one message, from its configuration. Pure: no clock, no network."""
