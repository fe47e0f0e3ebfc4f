"""The Stigmer API server: gRPC API, guardian of the data and broker of streams.

It owns the database and is the only writer. It must never run a workflow task or an agent step itself:
those belong to the runners, which it reaches through Temporal only.
"""
