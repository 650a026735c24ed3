"""One photo through a network: device and precision, tiles, blending, memory.

restorer.py   Restorer: an Image, array or tensor in, a restored one out, by the weights that fit it
choosing.py   which weights an image gets: for its colours, and nearest to its damage
row.py        the weights of one row, loaded: an Image in, a restored one out, with a report
caution.py    what a task may do to a photo that does not need it
settings.py   what is asked for, checked, and the tile that follows from it
arrays.py     arrays and tensors in, the same kind out
tiled.py      a network that takes pixels of any size, with less at a time when memory runs out
tiling.py     which windows, and how much each counts where they overlap
predict.py    tiles in, checked tiles out: the only place that calls a network
blend.py      tiles to finished rows, through one band of float accumulators
bridge.py     native pixels to float tiles to tensors, and back
device.py     device, precision and memory, each choice with its reason
probe.py      time and memory, measured at two sizes and fitted
"""
