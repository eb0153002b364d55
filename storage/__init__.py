"""The store: orders and everything around them, on SQLite or PostgreSQL. Implements `domain.store`."""

from storage.keys import Keys
from storage.schema import migrate
from storage.stats import stats
from storage.store import SqlStore, open_store

# `storage.backup` and `storage.rotation` are imported by whoever needs them: they load SQLAlchemy, a running bot does not.
__all__ = ["Keys", "SqlStore", "migrate", "open_store", "stats"]
