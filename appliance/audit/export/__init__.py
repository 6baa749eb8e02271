"""The ledger for others: FHIR, CSV, a report to print, and proofs for each event."""
