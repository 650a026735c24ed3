"""Many files through whatever restores one image: no torch here, and no network.

inputs.py     what the user names to the files that are meant
naming.py     what each result is called, and where it goes
plan.py       which file each input becomes, checked as a whole before any work starts
transfer.py   one image in, one result out
pipeline.py   all jobs of a plan: a thread reads ahead, the network runs, a pool writes
"""
