"""Schedules: their Temporal Schedules, and the record of every run.

Nothing here may fire by itself: Temporal alone decides when, and `firing` makes the execution once for each time.
"""
