"""One module per chapter: its exercises with samples, oracle and mistakes."""
