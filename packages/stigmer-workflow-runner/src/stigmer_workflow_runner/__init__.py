"""The Stigmer workflow runner: runs Serverless Workflow documents durably on Temporal.

Must never talk to the database or host anything: it is a worker of Temporal and a client of the API server.
"""
