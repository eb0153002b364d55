"""The store: orders and everything around them, on SQLite or PostgreSQL. Implements `domain.store`."""

from storage.keys import Keys
from storage.schema import migrate
from storage.store import SqlStore, open_store

__all__ = ["Keys", "SqlStore", "migrate", "open_store"]
