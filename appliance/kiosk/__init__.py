"""The screen of the appliance: what clinician, approver, auditor and administrator touch."""
