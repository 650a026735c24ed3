"""PANet's attention between the 3x3 patches of an image and of its pyramid, exact, in bounded memory.

The score of two patches is the sum of nine scores of pixels, shifted along with each other:
S[l, p] = sum over d of C[l+d, p+d]. So only C is a product, 32 wide instead of 288. Pasting the patches back
is the same sum over the weights, before a product 64 instead of 576 wide. The published code builds the whole
matrix (10 GB for a 128x128 image); here two passes go over it block by block, the first for the softmax's
denominators.

Both sums go down first, then across. A block is one row t of keys, against the query rows
t + offset ... t + offset + rows - 1. Going to row t + 1 moves both one row down, so the sum down is a sum of
three consecutive blocks, element by element. The query rows are a ring: after the last comes a row of zeros,
then the first again, so that `offset` from 0 to the ring's length meets every pair just once. In memory a
block is (queries, keys), both with a column of zeros before each row; one step right in both is a step of
width + 1 elements, so the sum across is a sum of three shifted copies of the flat block. What falls over an
edge falls on zeros.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import torch
import torch.nn.functional as F
from torch import Tensor

from ..parallel import in_parallel, share_out
from .attention import LOG2_E, block_size, in_full_precision, refuse_gradient, total_of, working_type
from .layers import product

# 2**HEADROOM times a million keys is still finite in float32, and 2**-HEADROOM is not yet subnormal.
HEADROOM = 100.0
SMALLEST_NORM = 1e-4


@dataclass(frozen=True, slots=True)
class Ring:
    """The queries of one image, twice around."""

    pixels: Tensor  # (2 * height * width + 2, E)
    height: int  # with the row of zeros
    width: int  # with the column of zeros

    @classmethod
    def of(cls, query: Tensor) -> "Ring":
        """query (E, h, w)."""
        height, width = query.shape[1] + 1, query.shape[2] + 1
        once = F.pad(query.permute(1, 2, 0), (0, 0, 1, 0, 0, 1)).flatten(0, 1)
        return cls(torch.cat((once, once, once[:2])), height, width)

    def window(self, row: int, rows: int) -> slice:
        start = row % self.height * self.width
        return slice(start, start + rows * self.width)

    def spread(self, x: Tensor, fill: float) -> Tensor:
        """x (h, w) -> (2 * height * width), `fill` at the zeros."""
        return F.pad(x, (1, 0, 0, 1), value=fill).flatten().repeat(2)

    def gather(self, x: Tensor) -> Tensor:
        """x (2 * height * width, ...) summed over the two turns -> (h, w, ...)."""
        once = x.unflatten(0, (2, self.height, self.width)).sum(0)
        return once[:-1, 1:]


@dataclass(frozen=True, slots=True)
class Level:
    """One image of the pyramid: its patches are keys and values."""

    keys: Tensor  # (h, width, E), width with the column of zeros
    inverse_norms: Tensor  # (h, width), of the patch around each pixel
    values: Tensor  # (h, C, width)

    @classmethod
    def of(cls, keys: Tensor, values: Tensor) -> "Level":
        """keys (E, h, w), values (C, h, w)."""
        inverse_norms = patch_norms(keys).clamp_min_(SMALLEST_NORM).reciprocal_()
        return cls(
            F.pad(keys.permute(1, 2, 0), (0, 0, 1, 0)),
            F.pad(inverse_norms, (1, 0)),
            F.pad(values.permute(1, 0, 2), (1, 0)),
        )


@dataclass(frozen=True, slots=True)
class Stripe:
    """All rows of a level's keys, each against `rows` query rows from its own row + `offset` on."""

    ring: Ring
    level: Level
    offset: int
    rows: int

    @property
    def width(self) -> int:
        return self.level.keys.shape[1]

    @property
    def size(self) -> int:
        return self.rows * self.ring.width * self.width

    def windows(self) -> Iterator[slice]:
        for row in range(len(self.level.keys)):
            yield self.ring.window(row + self.offset, self.rows)

    def scores(self) -> Iterator[Tensor]:
        """For each row of keys the scores (queries, width), not yet divided by the norms of the keys.

        The tensor is the same each time. Where query or key is a zero, the score means nothing.
        """
        # Two pixels more than the window: the sum across looks one step ahead.
        pixels = (self.ring.pixels[window.start : window.stop + 2] for window in self.windows())
        blocks = (product(some, keys).flatten() for some, keys in zip(pixels, self.level.keys, strict=True))
        step = self.width + 1
        scores = self.level.keys.new_zeros(self.size)
        for total in sums_of_three(blocks):
            sum_across(total[: self.size + step], step, out=scores[step:])
            yield scores.view(-1, self.width)


def pyramid_patch_attention(
    query: Tensor, levels: Sequence[tuple[Tensor, Tensor]], sharpness: float
) -> Tensor:
    """Pasted 3x3 patches, summed where they overlap.

    query (B, E, h, w); each level is keys (B, E, hk, wk) and values (B, C, hk, wk) -> (B, C, h, w).
    The weights of a query patch are the softmax, over the patches of all levels, of sharpness times its
    product with the patch of keys divided by that patch's norm.
    """
    refuse_gradient(query, *chain.from_iterable(levels))
    dtype = working_type(query)
    levels = [(keys.to(dtype), values.to(dtype)) for keys, values in levels]
    results = []
    with in_full_precision(query):
        for index, one in enumerate(query.to(dtype) * (sharpness * LOG2_E)):
            pyramid = [Level.of(keys[index], values[index]) for keys, values in levels]
            results.append(_paste(one, pyramid))
    return torch.stack(results).to(query.dtype)


def plain_pyramid_attention(
    query: Tensor, levels: Sequence[tuple[Tensor, Tensor]], sharpness: float
) -> Tensor:
    """The same with one filter per patch of keys, and with a gradient: what the stripes are held against."""

    def patches(x: Tensor) -> Tensor:
        """x (C, h, w) -> (h * w, C, 3, 3)."""
        return F.unfold(x[None], 3, padding=1)[0].T.unflatten(1, (len(x), 3, 3))

    results = []
    for index, one in enumerate(query):
        keys = torch.cat([patches(key[index]) for key, _ in levels])
        values = torch.cat([patches(value[index]) for _, value in levels])
        keys = keys / keys.flatten(1).norm(dim=1).clamp_min(SMALLEST_NORM).view(-1, 1, 1, 1)
        scores = F.conv2d(F.pad(one[None], (1, 1, 1, 1)), keys)
        results.append(F.conv_transpose2d(F.softmax(scores * sharpness, dim=1), values, padding=1))
    return torch.cat(results)


def _paste(query: Tensor, pyramid: Sequence[Level]) -> Tensor:
    """query (E, h, w) in units of log2 -> (C, h, w)."""
    ring = Ring.of(query)
    log_sums = _log_sums(query, ring, pyramid)
    minus_log_sums = -ring.spread(log_sums, fill=math.inf)[:, None]
    channels = pyramid[0].values.shape[1]

    def paste(stripes: Sequence[Stripe]) -> Tensor:
        pasted = query.new_zeros(2 * ring.height * ring.width, channels)
        for stripe in stripes:
            _paste_stripe(stripe, minus_log_sums, pasted)
        return pasted

    return ring.gather(_over_stripes(paste, ring, pyramid)).permute(2, 0, 1)


def _over_stripes(work: Callable[[Sequence[Stripe]], Tensor], ring: Ring, pyramid: Sequence[Level]) -> Tensor:
    """The sum of what `work` makes of all stripes; each part of them is worked on by itself."""
    device = ring.pixels.device
    return total_of(in_parallel(work, share_out(list(_stripes(ring, pyramid)), device), device))


def _stripes(ring: Ring, pyramid: Sequence[Level]) -> Iterator[Stripe]:
    for level in pyramid:
        most = max(1, block_size(level.keys) // (ring.width * level.keys.shape[1]))
        rows = -(-ring.height // -(-ring.height // most))  # stripes of one level are of equal height
        for offset in range(0, ring.height, rows):
            yield Stripe(ring, level, offset, min(rows, ring.height - offset))


def _log_sums(query: Tensor, ring: Ring, pyramid: Sequence[Level]) -> Tensor:
    """log2 of the softmax's denominator, (h, w)."""
    # No score is greater than the norm of the query patch. Below HEADROOM nothing can overflow or get lost;
    # above, the bound may be too far from the greatest score, and only then that one must be found.
    reference = (patch_norms(query) - HEADROOM).clamp_min_(0)
    sums = _sums(ring, pyramid, reference)
    if (sums < 2**-HEADROOM).any():
        reference = _greatest(ring, pyramid)
        sums = _sums(ring, pyramid, reference)
    return sums.log2_().add_(reference)


def _sums(ring: Ring, pyramid: Sequence[Level], reference: Tensor) -> Tensor:
    minus_reference = -ring.spread(reference, fill=math.inf)[:, None]

    def add_up(stripes: Sequence[Stripe]) -> Tensor:
        sums = ring.pixels.new_zeros(2 * ring.height * ring.width)
        for stripe in stripes:
            rows = zip(stripe.windows(), stripe.scores(), stripe.level.inverse_norms, strict=True)
            for window, scores, inverse_norms in rows:
                torch.addcmul(minus_reference[window], scores, inverse_norms, out=scores).exp2_()
                sums[window].add_(scores[:, 1:].sum(1))
        return sums

    return ring.gather(_over_stripes(add_up, ring, pyramid))


def _greatest(ring: Ring, pyramid: Sequence[Level]) -> Tensor:
    greatest = ring.pixels.new_full((2 * ring.height * ring.width,), -math.inf)
    for stripe in _stripes(ring, pyramid):
        rows = zip(stripe.windows(), stripe.scores(), stripe.level.inverse_norms, strict=True)
        for window, scores, inverse_norms in rows:
            part = greatest[window]
            torch.maximum(part, (scores * inverse_norms)[:, 1:].amax(1), out=part)
    once = greatest.unflatten(0, (2, ring.height, ring.width)).amax(0)
    return once[:-1, 1:]


def _paste_stripe(stripe: Stripe, minus_log_sums: Tensor, pasted: Tensor) -> None:
    """Adds to `pasted` what the level's patches give to the stripe's queries."""
    step = stripe.width + 1
    # The sum of three needs the weights of three rows at a time; zeros lie before and behind each.
    buffers = [stripe.level.keys.new_zeros(stripe.size + 2 * step) for _ in range(3)]

    def weights() -> Iterator[Tensor]:
        rows = zip(stripe.windows(), stripe.scores(), stripe.level.inverse_norms, strict=True)
        for index, (window, scores, inverse_norms) in enumerate(rows):
            buffer = buffers[index % 3]
            inner = buffer[step:-step].view(-1, stripe.width)
            torch.addcmul(minus_log_sums[window], scores, inverse_norms, out=inner).exp2_()
            inner[:, 0] = 0
            yield buffer

    total = stripe.level.keys.new_empty(stripe.size)
    rows = zip(stripe.windows(), sums_of_three(weights()), stripe.level.values, strict=True)
    for window, down, values in rows:
        sum_across(down, step, out=total)
        pasted[window].add_(product(total.view(-1, stripe.width), values))


def sums_of_three(blocks: Iterable[Tensor]) -> Iterator[Tensor]:
    """For each block the sum with its neighbours, with nothing beyond the ends; always the same tensor."""
    blocks = iter(blocks)
    middle = next(blocks)
    nothing, total = torch.zeros_like(middle), torch.empty_like(middle)
    before = nothing
    for after in chain(blocks, (nothing,)):
        torch.add(before, middle, out=total).add_(after)
        yield total
        before, middle = middle, after


def sum_across(flat: Tensor, step: int, *, out: Tensor) -> None:
    """flat (n + 2 * step) -> out (n): the sum of three elements, `step` apart."""
    torch.add(flat[: -2 * step], flat[step:-step], out=out).add_(flat[2 * step :])


def patch_norms(x: Tensor) -> Tensor:
    """x (C, h, w) -> (h, w): the norm of the 3x3 patch around each pixel, zeros beyond the edges."""
    squares = x.square().sum(0)[None, None]
    return F.avg_pool2d(squares, 3, stride=1, padding=1, divisor_override=1)[0, 0].sqrt_()
