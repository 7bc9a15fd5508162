"""The use cases of the identity slice, one module each."""
