"""The machine's TPM 2.0, through tpm2-tools."""
