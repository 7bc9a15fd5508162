"""``make bench-events``: how fast events travel, each part beside the bare commands that it cannot do without.

Every contender handles the same events (envelopes of one kind, about 450 bytes) on the same servers, in one process of
one thread unless it says otherwise. Contenders take turns, so that a noisy neighbour slows all of them; what counts is
the ratio to the bare counterpart in the same round, and the processor time for one event.
"""
