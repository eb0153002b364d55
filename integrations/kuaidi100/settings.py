"""What the kuaidi100 account needs. Switches stand for what nobody citable confirms (see the docs)."""

from __future__ import annotations

from dataclasses import dataclass, field

BASE_URL = "https://poll.kuaidi100.com"


@dataclass(frozen=True, slots=True)
class Settings:
    """`salt` signs the pushes to us: up to 32 letters that nobody else knows. While changing it, keep `old_salt`."""

    customer: str
    key: str = field(repr=False)
    salt: str = field(repr=False)
    old_salt: str = field(repr=False, default="")
    callback_url: str = ""  # used when a subscription names none
    base_url: str = BASE_URL
    guard_minutes: float = 30.0  # the same number is not asked for more often, or the key gets locked
    subscriptions_per_second: float = 20.0
    remember: int = 20_000  # numbers whose last answer is kept in memory
    # Unconfirmed behaviours
    ask_again_with_phone: bool = True  # after "phone check failed", may the number be asked at once with another phone?

    def __post_init__(self) -> None:
        missing = [name for name in ("customer", "key", "salt") if not getattr(self, name)]
        if missing:
            raise ValueError(f"kuaidi100: setting {', '.join(missing)} is empty")

    @property
    def salts(self) -> tuple[str, ...]:
        return tuple(salt for salt in (self.salt, self.old_salt) if salt)
