"""Shell. What the commands print: tables for people, JSON for programs, a progress bar on a terminal.

Prints values and decides nothing. Sources are named by their label, so that a confidential one's URL is in
no output that somebody may paste into a bug report. A module for each subject; a command imports its own.
"""
