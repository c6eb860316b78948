"""toolkit: every frame you derive in a notebook, stored once, found again."""
