"""kuaidi100, played on loopback: signed queries, subscriptions, histories that unfold over time, salted pushes, locks."""

from emulators.kuaidi100.app import Kuaidi100Emulator
from emulators.kuaidi100.state import STORIES, Switches

__all__ = ["STORIES", "Kuaidi100Emulator", "Switches"]
