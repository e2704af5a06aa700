"""Synthetic workloads: pure functions of parameters and a seed.

>>> from scrubjay_replay import synthetic
>>> trace = synthetic.generate(synthetic.Workload("zipf", requests="10k", seed=1))
"""

from scrubjay_replay.synthetic.models import MODELS
from scrubjay_replay.synthetic.workload import Workload, command, comments, generate, settled

__all__ = ["MODELS", "Workload", "command", "comments", "generate", "settled"]
