"""The maths: equation, chain contributions, mix and performance, ranking, bridge.

Pure: gets sums, returns frozen values. No file, no query, no clock, no widget.
Formulas are numbered as in docs/formulas.md.
"""
