"""A folder, and any fsspec filesystem, behind one protocol."""
