"""The process behind the auditor's screen: what the ledger says, from its public files alone."""
