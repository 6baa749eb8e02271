"""Exports of the ledger: FHIR, CSV, a printable report, and a proof for each event."""
