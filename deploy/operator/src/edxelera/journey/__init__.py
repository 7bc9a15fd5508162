"""One student's way from registration to a verified certificate, through the gateway, as ``edxelera demo`` walks it."""
