"""The types of text columns: how texts write numbers, dates and times, and how these are read."""
