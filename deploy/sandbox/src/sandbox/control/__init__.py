"""The control API under /sandbox: what a customer, a bank or bad luck would do."""
