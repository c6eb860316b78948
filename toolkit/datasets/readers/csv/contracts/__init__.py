"""What one file was found to be, as JSON, and how the next one differs from it."""
