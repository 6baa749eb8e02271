"""Entries as DICOM audit messages, which IHE's ATNA profile collects (PS3.15, A.5)."""
