"""Alerts about exports themselves: `recipients` says who hears, `news` what happened, `outbox` how it is told."""
