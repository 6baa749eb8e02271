"""Tests; the folders mirror ``appliance/``."""
