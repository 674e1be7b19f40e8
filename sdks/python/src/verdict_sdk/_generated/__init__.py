"""Types generated from `openapi/openapi.json` by `scripts/generate.py`."""
