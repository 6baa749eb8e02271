"""What a site allows: a YAML file that becomes one frozen ``Policy``."""
