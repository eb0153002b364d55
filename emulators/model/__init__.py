"""An OpenAI-compatible endpoint played on loopback: strict, scriptable, and as bad as a test needs it."""

from emulators.model.app import ModelEmulator

__all__ = ["ModelEmulator"]
