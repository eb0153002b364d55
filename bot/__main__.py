"""`python -m bot …` is `xiaodan …`."""

from __future__ import annotations

from bot.cli import main

main()
