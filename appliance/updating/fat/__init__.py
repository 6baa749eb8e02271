"""FAT32 as far as updates need it: files are added, renamed and removed, one sector at a time."""
