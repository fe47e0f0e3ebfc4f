"""Fan-out of committed changes to streams, and what they cost. It never writes and never holds up a writer."""
