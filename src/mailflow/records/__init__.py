"""Floor 0: mail records that DNS holds: parse and evaluate. No I/O; a question is yielded, an answer comes in."""
