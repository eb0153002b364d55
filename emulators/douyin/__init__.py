"""Douyin shop, played on loopback: strict signatures, tokens, versions, throttles, pushes, and a journal of effects."""

from emulators.douyin.app import DouyinEmulator

__all__ = ["DouyinEmulator"]
