"""Floor 4: looking: DNS, SMTP, messages. The only place that opens connections to what is judged."""
