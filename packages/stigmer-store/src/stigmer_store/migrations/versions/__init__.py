"""One module per version, oldest first by number. A released one never changes.

To add one, copy the last, count `revision` up and let `down_revision` name the one before; a test tells when it
and `tables.py` differ. There is no way down: it would have to throw data away. Go back with a copy of the file.
"""
