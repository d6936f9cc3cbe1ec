"""Mailflow judges whether every kind of message takes the path that the documentation of hybrid mail demands."""

__version__ = "0.1.0"
