"""Killed again and again: the tool that counts what is lost, with fewer kills."""


def test_nothing_is_lost_torn_or_early(crash_test):
    """Five kills later the documents are those of a run that was never killed."""
    said, _ = crash_test.communicate(timeout=150)
    assert crash_test.returncode == 0, said
    assert said.endswith("nothing lost, torn or early\n")
