"""What a student keeps: the history of their payments, and a receipt for each that money came for."""
