"""What operators see: calls, the audit log, metrics and health. Never a secret, never a request body."""
