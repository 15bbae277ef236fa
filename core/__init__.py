"""Bridgecast: why a KPI moved, exactly, and the answer delivered.

The parts and who may import whom are drawn in docs/architecture.md and checked by import-linter (pyproject.toml).
"""
