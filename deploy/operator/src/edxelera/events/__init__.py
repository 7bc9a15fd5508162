"""``edxelera events``: streams, outboxes, dead letters and replays of every service, for people and for scripts."""
