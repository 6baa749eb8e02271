"""Videos: demuxing, decoding, editing and encoding with the original timestamps."""
