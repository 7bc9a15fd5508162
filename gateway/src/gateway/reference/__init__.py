"""The OpenAPI document of the whole platform, and a page for people."""
