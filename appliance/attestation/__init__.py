"""Which image ran, with which rules and models: recorded at every boot, and signed by the TPM."""
