"""Training: from a recipe to weights that ship.

recipe.py      a TOML file as a frozen value
mixes.py       which damage a sample gets
data.py        clean images in memory, batches cut from them
training.py    network, average, optimisers: one step, and the state that a checkpoint holds
muon.py        the optimiser for matrices
loop.py        steps, validation, log, checkpoints, until the schedule has run out
checkpoint.py  that state on disk, replaced in one step
validate.py    held-out images as the training goes on
export.py      safetensors, row of weights.toml, model card; the plot of a log
recipes/       what made the embedded defaults
"""
