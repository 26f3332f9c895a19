"""What every endpoint of the API shares: keys and scopes, bodies, problems, idempotency, pages.

Kept as small modules because DRF resolves its defaults while ``rest_framework.views`` is being imported: what it
resolves then (keys, bodies, pages) may not import views.
"""
