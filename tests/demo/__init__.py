"""The demo, as a user runs it. A package, so that it ends before other folders begin."""
