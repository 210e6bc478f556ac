"""HQ's read models: what only shows when several features are read together."""
