"""Keeping a workspace fast and small: rewriting files, plain copies of versions, counting reads."""
