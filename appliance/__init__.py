"""face-appliance: face swapping on a machine that data cannot leave."""
