"""What holds for all tests."""

import hypothesis

# No test here is about speed, and the first value in Chinese loads a dictionary.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")

pytest_plugins = ["tests.postgres"]
