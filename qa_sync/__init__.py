"""qa-sync."""
