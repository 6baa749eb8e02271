"""Files on disk, whatever they hold: written whole and durably, or not at all."""
