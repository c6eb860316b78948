"""Types, errors and interfaces that every slice knows; the composition root."""
