"""The version, which is the one of the root's `package.json`."""

__version__ = "0.1.0"
