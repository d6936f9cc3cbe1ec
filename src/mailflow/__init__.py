"""Mailflow: does every kind of message take the path that the documentation of hybrid mail demands?"""

__version__ = "0.1.0"
