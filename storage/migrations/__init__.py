"""Migrations, the same for both databases. Known by constants, so that an up-to-date store need not load Alembic."""

HEAD = "0003"
KNOWN = frozenset({"0001", "0002", "0003"})  # every revision in `versions/`
