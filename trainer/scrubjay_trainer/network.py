"""The network of `scrubjay_policies.learned` in torch: the same numbers, and gradients."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from scrubjay_policies.learned import HIDDEN, INPUTS, SHAPES


class Network(nn.Module):
    """Inputs (…, len(INPUTS)) to one logit each; sigma of it is the chance of an early use."""

    def __init__(self) -> None:
        super().__init__()
        self.layer1 = nn.Linear(len(INPUTS), HIDDEN[0])
        self.layer2 = nn.Linear(*HIDDEN)
        self.out = nn.Linear(HIDDEN[1], 1)

    def forward(self, inputs: Tensor) -> Tensor:
        hidden = torch.relu(self.layer1(inputs))
        hidden = torch.relu(self.layer2(hidden))
        logits: Tensor = self.out(hidden).squeeze(-1)
        return logits


def weights(network: Network) -> NDArray[np.float32]:
    """All weights in one row, in the order of SHAPES; torch has matrices the other way round."""
    there = network.state_dict()
    parts = [there[name].detach().cpu().numpy().T.reshape(shape) for name, shape in SHAPES.items()]
    return np.concatenate([part.ravel() for part in parts]).astype(np.float32)
