# SPDX-License-Identifier: MIT
"""The encoding and its mask as a module of PyTorch, for networks and training loops of your own."""
from __future__ import annotations

from dataclasses import replace
from typing import Any, Optional

import numpy as np
import torch
from numpy.typing import NDArray

from ._params import EncoderParams, MaskParams
from ._parts import Encoder, Mask


def _array(tensor: torch.Tensor) -> NDArray[np.float32]:
    array: NDArray[np.float32] = tensor.detach().to("cpu", torch.float32).contiguous().numpy()
    return array


class _Masked(torch.autograd.Function):
    """The masked features; the mask's weights count as constants in the gradient."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, encoder: Encoder, mask: Mask) -> torch.Tensor:
        points = _array(x)
        weights = mask.weights(points)
        ctx.parts = encoder, points, weights
        return torch.from_numpy(encoder.encode(points) * weights).to(x)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        encoder, points, weights = ctx.parts
        d_x = encoder.backward(points, _array(gradients[0]) * weights)
        return torch.from_numpy(d_x).to(gradients[0]), None, None


class Encoding(torch.nn.Module):
    """Maps coordinates (..., d) in [-1, 1] to masked features (..., E).

    In a training loop, call `record(x, losses)` with the losses of the samples, and `step()` once an iteration; both drive
    the mask. Without them the mask stays as it is. Neither part has parameters of PyTorch's. Computation is on the CPU.

    encoder: its parameters; default EncoderParams().
    mask: its parameters; default MaskParams(). The dimensions follow from the encoder.
    """

    def __init__(self, encoder: Optional[EncoderParams] = None, mask: Optional[MaskParams] = None) -> None:
        super().__init__()
        self.encoder = Encoder(encoder)
        d, e = self.encoder.domain_dim, self.encoder.encoding_dim
        self.mask = Mask(replace(mask or MaskParams(), domain_dim=d, encoding_dim=e))

    @property
    def encoding_dim(self) -> int:
        """The number E of features: the width of your network's input."""
        return self.encoder.encoding_dim

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The masked features (..., E) of coordinates (..., d)."""
        features: torch.Tensor = _Masked.apply(x, self.encoder, self.mask)
        return features

    def record(self, x: torch.Tensor, losses: torch.Tensor) -> None:
        """Records the losses (...) of samples at coordinates (..., d)."""
        self.mask.record(_array(x), _array(losses))

    def step(self) -> None:
        """Ends an iteration."""
        self.mask.step()

    def extra_repr(self) -> str:
        """The parts, for repr()."""
        return f"{self.encoder}, {self.mask}"
