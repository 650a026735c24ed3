"""One photo through several weights (attempts.py), and the page that shows them over each other (page.py)."""
