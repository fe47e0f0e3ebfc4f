"""Summaries and usage reports, computed from stored executions page by page when they are asked for.

Nothing here may write, or keep a figure of its own: what is stored is the only truth.
"""
