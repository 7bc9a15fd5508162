"""Pages for people: their templates, style sheet and rendering."""
