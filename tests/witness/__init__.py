"""The platforms' own SDKs as witnesses: Node's run here, Python's beside the connectors and emulators they speak for."""
