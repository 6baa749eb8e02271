"""Files on disk, whatever they contain: written completely and durably, or not at all."""
