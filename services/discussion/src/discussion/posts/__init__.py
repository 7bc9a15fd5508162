"""Posts and replies: reading, answering, editing, deleting."""
