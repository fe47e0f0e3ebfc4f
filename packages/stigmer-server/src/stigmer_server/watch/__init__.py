"""Fan-out of committed changes to streams. It never writes and never holds up a writer."""
