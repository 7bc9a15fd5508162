"""The HTTP models of the public contract, one module per service."""
