"""From which figure on a rule of findings speaks, and why from there."""

SEEN = 0.2  # of the honest value: whoever loses more sees a damage without doubt
WIDE = 0.5  # a gap as wide as half of AP needs no wider one beside it
STILL = 0.5  # of AP: results that keep more without following anything mean little motion
NO_TRACKER = 0.5  # AP that true masks reach without any tracker: the larger part of a data set asks for none
SIMPLE_TRACKER = 0.9  # AP that they reach by overlap alone: all but the hard tenth asks for no better tracker
REACHED = 1 - 1e-6  # AP of the truth itself; what rounding can take is less
APART = 0.1  # of the honest value: two readings or measures that differ by as much do not tell the same story
QUIET = 0.3  # severity where the score is not affected and should be: below everything that moves a third of it
