"""Floor 7: the commands of `mailflow`, one module each: `add` puts it on the command line, the rest carries it out.

What a command needs beyond the command line is imported when it is carried out: `mailflow --help` is quick.
"""
