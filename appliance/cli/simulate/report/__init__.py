"""The report of a simulation: what is on it, and the page as PDF or HTML."""
