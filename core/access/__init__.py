"""Who may do what: the installation's secret keys, API tokens and their scopes, the signature of report links.

No web framework here, and no page: `web` and `ui` ask, this answers.
"""
