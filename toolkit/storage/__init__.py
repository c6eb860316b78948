"""Bytes: backends that hold them, and the services through which they come and go."""
