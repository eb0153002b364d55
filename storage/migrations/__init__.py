"""Migrations, the same for both databases. Known by constants, so that an up-to-date store need not load Alembic."""

HEAD = "0008"
KNOWN = frozenset({"0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008"})  # every revision in `versions/`
