"""The logical identity of a frame, whatever engine, chunking or encoding holds it."""
