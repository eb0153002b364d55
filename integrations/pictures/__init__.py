"""Pictures that people send: QR codes, bar codes and print, read on this machine. Nothing leaves the house."""

from integrations.pictures.eyes import Eyes

__all__ = ["Eyes"]
