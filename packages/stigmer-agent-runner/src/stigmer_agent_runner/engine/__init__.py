"""Engines: what drives an agent from its user message to its answer.

An engine knows models and tools and speaks in events; it never knows Temporal, gRPC or the wire's status message.
"""
