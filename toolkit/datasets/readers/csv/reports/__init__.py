"""What a reader tells of its files: how they are read, and what is wrong with them."""
