"""What leaves the appliance, and how it is marked."""
