"""How fast `convlab.fast` is, beside torch: run by hand, never by a test. `python -m tests.bench race` is the race."""
