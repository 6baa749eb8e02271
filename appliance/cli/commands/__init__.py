"""Commands of one file: compare, inspect, policy, session."""
