"""Pages opened from a card, and the browser work group."""
