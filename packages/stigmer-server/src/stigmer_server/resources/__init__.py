"""What every kind shares: identity, slugs, audit, references, lists and the generic commands.

Nothing here may know a single kind by name: what a kind does differently is in its strategy in `kinds/`.
"""
