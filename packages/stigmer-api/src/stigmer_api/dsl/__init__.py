"""Documents of the Serverless Workflow DSL as checked, immutable data: the same for server, runner and command line.

Loading this costs a YAML reader and a jq compiler, so nothing else in `stigmer_api` imports it. Must never do I/O,
look at a clock or know about Temporal: the same document always gives the same problems or the same tree.
"""
