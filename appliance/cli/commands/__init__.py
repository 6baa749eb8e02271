"""Commands that need one file each: compare, inspect, policy, session."""
