"""What leaves the house: exports, their report links, and the making of reports.

Connectors, schedules and the ledger of runs get their rooms here when they come.
"""
