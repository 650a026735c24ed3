"""Measure weights on sets of images, beside baselines and published figures.

protocols.py   how an input is made and a result scored, as data: the name of a card stands in every table
sets.py        sets.toml: which sets there are, and what papers report for a set, a card and a level
folders.py     folders of images: which belong together, whether all are there, and what they show
fetching.py    the files of a set from where they are pinned, into the cache
plan.py        what was asked for, completed and checked before anything runs
job.py         what is to be measured, and how: a set, a card, a level
cases.py       a scene and a card to an input and its target, and to the figures of a result
baselines.py   what costs no download: NLM, total variation, bicubic, Malvar's demosaicing
methods.py     weights and baselines, ready to run
damages.py     any damage by its name, as a card
runner.py      methods over the cases of a set, measured: a row of the table each
results.py     what was measured, to JSON and back
tables.py      results as a table, long or short, as Markdown and CSV
diff.py        two results beside each other
gallery.py     a few of the many pictures of a run
page.py        results and pictures as a page
files.py       what is written beside the table

Light to import: what needs torch is imported where it is used.
"""
