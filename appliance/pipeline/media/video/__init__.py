"""Videos: demuxed, decoded, edited in place and encoded with their own timestamps."""
