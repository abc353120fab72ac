"""Which of two systems is better, and is it luck? python examples/compare_two_systems.py truth.json a.json b.json

Differences of all figures with 95 % intervals from 1,000 draws of the videos, and what each video alone says. No torch.
"""

import sys

import simvtr

if len(sys.argv) != 4:
    sys.exit(__doc__)

truth = simvtr.read_truth(sys.argv[1])
first, second = (simvtr.evaluate(truth, simvtr.read_predictions(path, truth)) for path in sys.argv[2:4])
print(simvtr.compare(first, second).table())
