"""Peer processes for the tests of the agent runner: an API server, a model endpoint, Temporal and the runner itself.

All are real on their wires (gRPC, HTTP, Temporal); only what stands behind the wires is small.
"""
