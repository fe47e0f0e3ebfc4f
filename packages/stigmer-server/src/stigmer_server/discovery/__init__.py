"""Discovery of MCP servers: the server records an attempt, an agent runner makes it, and its report ends it.

No process of an MCP server ever starts here, and no value of a variable goes through Temporal.
"""
