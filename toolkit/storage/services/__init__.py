"""The one door, and what keeps the store clean behind it."""
