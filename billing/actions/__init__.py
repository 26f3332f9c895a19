"""Verbs of billing: set up an issuer, invoice, credit, keep the PDF, note that it was sent."""
