"""Measure weights on sets of images, beside baselines and published figures.

protocols.py   how an input is made and a result scored, as data: the name of a card stands in every table
sets.py        sets.toml, and folders of the user's: which images belong together, and whether all are there
fetching.py    the files of a set from where they are pinned, into the cache
cases.py       a set and a protocol to pairs of input and target
baselines.py   what costs no download: NLM, total variation, bicubic, Malvar's demosaicing
job.py         what is to be measured, and how: a set, a card, a level
methods.py     weights and baselines, ready to run
runner.py      methods over the cases of a set, measured
rows.py        the figures of its images to one row
results.py     what was measured, to JSON and back
tables.py      results as a table for people, Markdown, CSV
summary.py     results in few lines, the levels side by side
diff.py        two results beside each other
gallery.py     a few of the many pictures of a run
page.py        results and pictures as a page
published.py   what papers report for a set, a card and a level
plan.py        what was asked for, completed and checked before anything runs

Light to import: what needs torch is imported where it is used.
"""
