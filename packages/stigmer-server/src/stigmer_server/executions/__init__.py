"""Running things: merging reports, dispatching through the outbox to Temporal, settling what Temporal lost.

Nothing here starts work outside the outbox: what is not written in the same transaction does not happen.
"""
