"""WeCom played on loopback: long connection, callbacks, API, webhooks, and what the group would see."""

from emulators.wecom.app import WecomEmulator

__all__ = ["WecomEmulator"]
