"""The gRPC edge: binding, authentication, errors, serving. No behaviour of any kind lives here."""
