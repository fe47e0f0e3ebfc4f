"""stigmer-ctl: the command line of Stigmer.

It renders manifests into messages, talks to the API server over gRPC, and starts and stops the local stack under
supervisord. It never opens the database and is never a Temporal client. Importing this package imports nothing else,
because `stigmer-ctl --help` must answer at once.
"""

from __future__ import annotations

__version__ = "0.1.0"
