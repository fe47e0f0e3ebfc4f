"""The wire of Stigmer: generated protobuf and what both ends of a wire must agree on.

Nothing here talks to a database or to Temporal, and nothing here decides. This module imports nothing, so that
`stigmer_api.temporal` can be imported inside Temporal's workflow sandbox without dragging gRPC along.
"""

__version__ = "0.1.0"
