"""Calls to the services of the appliance, off the window's thread."""
