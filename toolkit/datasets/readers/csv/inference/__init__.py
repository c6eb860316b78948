"""Which types columns have: by the texts that were seen in them, and by what a person asked for."""
