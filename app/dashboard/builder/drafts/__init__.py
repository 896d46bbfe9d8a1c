"""Drafts: scenarios that are being built, their history, their differences from a template, their files."""
