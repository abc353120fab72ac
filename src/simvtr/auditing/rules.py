"""The rules of findings: each reads the sensitivity matrix for one thing, and speaks when and only when it is there.

Pair -> rule -> no Finding, one or a few
        rules_readings.py, rules_identities.py, rules_damage.py, rules_data.py
"""

from simvtr.auditing.rules_damage import blind, boundaries, order, still_frames
from simvtr.auditing.rules_data import ceiling, untracked
from simvtr.auditing.rules_identities import exchanged, links, mistaken, renamed
from simvtr.auditing.rules_readings import abstention, candidates, free_tracks, refused, short_lists

BLINDNESS = (short_lists, abstention, free_tracks, links, blind)
RULES = (
    refused,
    candidates,
    renamed,
    mistaken,
    exchanged,
    *BLINDNESS,
    still_frames,
    boundaries,
    order,
    untracked,
    ceiling,
)
