"""The HTTP endpoints of the identity slice."""
