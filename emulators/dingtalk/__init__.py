"""DingTalk, played on loopback: tokens, robot sends, cards, media, Stream gateway, callbacks, custom robots, quotas."""

from emulators.dingtalk.app import DingTalkEmulator
from emulators.dingtalk.state import Switches

__all__ = ["DingTalkEmulator", "Switches"]
