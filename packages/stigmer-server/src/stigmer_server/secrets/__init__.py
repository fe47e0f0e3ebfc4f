"""Secret values at rest: found by descriptor, sealed with AES-GCM, kept apart from the bodies of their resources.

Nothing here may put a value in clear into a record, a log line or the text of an error.
"""
