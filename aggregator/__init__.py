"""A feed aggregator and republisher: polls, normalizes, deduplicates, and publishes per category."""

__version__ = "0.1.0"
