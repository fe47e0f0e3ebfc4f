"""MCP servers: connected, pooled per session, pinned, and their tools as the engines see them.

Only `client` may import the SDK (`mcp`), and nothing here imports `client` before a server is really needed: it costs
a second. Never passes a server's own instructions to a model, and never puts a value of a variable into an error.
"""
