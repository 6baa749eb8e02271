"""Parsers of what people bring along, led by coverage for a bounded time (``make fuzz``)."""
