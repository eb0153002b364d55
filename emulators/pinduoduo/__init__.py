"""Pinduoduo, played on loopback: signatures, tokens, 30-minute windows, moving pages, vanishing ciphertext, messages."""

from emulators.pinduoduo.app import PinduoduoEmulator
from emulators.pinduoduo.state import Switches

__all__ = ["PinduoduoEmulator", "Switches"]
