"""The only place with SQL on catalog rows."""
