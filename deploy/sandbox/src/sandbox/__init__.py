"""The sandbox: a Paystack and a CloudFront for one machine.

Services talk to it exactly as they talk to the real ones; they hold no branch for it.
"""
