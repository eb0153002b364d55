"""What is said about who is who, and about what a group is for, in the installation's language."""

from __future__ import annotations

from functools import cache

from handlers.words.people_zh import Zh


@cache
def words(lang: str) -> Zh:
    """The sentences of a language."""
    if lang != "en":
        return Zh()
    from handlers.words.people_en import En  # a team that reads Chinese never loads the English sentences

    return En()
