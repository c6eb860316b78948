"""The notebook extension: frames are captured after each cell. ``%load_ext toolkit`` loads it."""
