"""Benchmarks: one command each, figures as JSON on stdout. docs/benchmarks.md says how to run and read them.

Ratios are taken within one run, over interleaved rounds: the machine is shared, seconds alone say little.
"""
