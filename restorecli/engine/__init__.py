"""One photo through a network: device and precision, tiles, blending, memory.

restorer.py   Restorer: an Image, array or tensor in, a restored one out, by the weights that fit it
photo.py      an Image to the pixels that a network takes, and back; arrays and tensors as images
loading.py    the networks of a Restorer, loaded when first needed
model.py      a network for pixels of any size, with less at a time when memory runs out
tiling.py     which windows, and how much each counts where they overlap
predict.py    tiles in, checked tiles out: the only place that calls a network
blend.py      tiles to finished rows, through one band of float accumulators
device.py     device, precision and memory, each choice with its reason
probe.py      time and memory, measured at two sizes and fitted
report.py     how one photo was restored, in figures and in words
deblurring.py what deblur tries first: the one kernel that blurred a photo
"""
