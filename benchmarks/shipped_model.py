"""Train the model that ships: on the first halves of traces and on synthetic workloads.

    python benchmarks/shipped_model.py TRACE… [--seed 0] [--out FILE]

The same traces and seed give the same file, byte for byte but for the time it was made.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from pathlib import Path

from workloads import SCRUBJAY, make

OUT = Path(__file__).parents[1] / "policies/scrubjay_policies/models/generic.safetensors"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("traces", nargs="+", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=OUT)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        words = ["--seed", str(told.seed), "--out", str(told.out)]
        for trace in make(Path(folder)):
            words += ["--beside", str(trace)]
        subprocess.run([SCRUBJAY, "train", *told.traces, *words], check=True)


if __name__ == "__main__":
    main()
