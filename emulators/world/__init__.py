"""An invented company and a day of its trade, played through the emulated platforms: what `xiaodan demo` shows."""
