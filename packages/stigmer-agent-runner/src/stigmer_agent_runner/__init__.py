"""The agent runner: a Temporal worker that runs agent executions in durable segments and reports what they do.

It talks to the API server over gRPC, to Temporal as a worker and to models over HTTP; it never touches a database of
the server. Importing the package, its workflow or its activities must never load LangChain: engines load on first use.
"""

__version__ = "0.1.0"
