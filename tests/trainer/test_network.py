import numpy as np
import pytest
import torch

from policies.models import logits
from scrubjay_policies import learned
from scrubjay_policies.features import FEATURES
from scrubjay_trainer.network import Network, weights


def edge_cases():
    least, most = -3.0, 3.0
    count = len(learned.INPUTS)
    rows = [np.zeros(count), np.full(count, least), np.full(count, most)]
    rows += [np.where(np.arange(count) == i, most, least) for i in range(count)]
    return np.array(rows, np.float32)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("scale", [1, 4])
def test_torch_and_numpy_give_the_same(seed, scale):
    torch.manual_seed(seed)
    network = Network()
    with torch.no_grad():
        for weight in network.parameters():
            weight.mul_(scale)
        random = np.random.default_rng(seed).uniform(-3, 3, (500, len(learned.INPUTS)))
        x = np.concatenate([random.astype(np.float32), edge_cases()])
        ours = network(torch.from_numpy(x)).numpy()
    theirs = logits(x.T, weights(network))
    assert ours == pytest.approx(theirs, abs=1e-5 * scale**3)


def test_the_weights_stand_in_the_order_of_the_policy():
    network, count = Network(), len(learned.INPUTS)
    with torch.no_grad():
        network.layer1.weight.copy_(torch.arange(count * 32).reshape(count, 32).T)
    found = weights(network)
    assert found.dtype == np.float32
    assert found.shape == (learned.WEIGHTS,)
    assert found[: count * 32].tolist() == list(range(count * 32))


def test_exported_weights_make_a_policy_of_finite_worth():
    policy = learned.drl(weights(Network()))
    features = np.ones((3, len(FEATURES)), np.float32, order="F")
    assert np.isfinite(policy.worth(features, policy.params)).all()
