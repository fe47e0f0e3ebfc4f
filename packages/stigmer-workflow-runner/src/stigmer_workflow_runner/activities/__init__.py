"""Everything of the runner that touches the world: HTTP, and the API server.

Must never decide anything about control flow: an activity does one thing and reports a DSL error object when it fails.
"""
