"""Documents of the Serverless Workflow DSL as checked, immutable data.

Must never do I/O, look at a clock or know about Temporal: the same document always gives the same tree.
"""
