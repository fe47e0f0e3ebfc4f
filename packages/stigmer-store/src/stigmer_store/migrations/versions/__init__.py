"""One module per version, oldest first by number. A released one never changes."""
