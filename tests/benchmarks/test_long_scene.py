"""Rules of the video whose objects leave for long."""

from benchmarks.long_scene import AWAY, TRAVEL, Absence, absences, long_scene, names_around
from simvtr.data.synth.clip import visible
from simvtr.data.synth.render import draw


def test_an_absent_object_is_not_seen_and_is_seen_before_and_after():
    scene = long_scene(900, seed=1)
    gone = absences(scene, 900)
    assert gone and all(AWAY[0] - 1 <= one.stop - one.start <= AWAY[1] + 1 for one in gone)
    one = gone[0]
    seen = [
        visible(draw(scene, i))[0][one.index].any()
        for i in (one.start - 2 * TRAVEL, one.start, one.stop, one.stop + 20)
    ]
    assert seen == [True, False, False, True]


def test_the_name_of_an_object_is_that_of_most_frames():
    scene = long_scene(900, seed=1)
    one = absences(scene, 900)[0]

    def truth(frame):
        return visible(draw(scene, frame))[0][one.index]

    near = [*range(one.start - 30, one.start), *range(one.stop, one.stop + 30)]
    found = {frame: {7 if frame < one.stop + 12 else 9: truth(frame)} for frame in near}
    assert names_around(scene, one, found) == (7, 9)
    assert names_around(scene, one, {}) == (None, None)
    assert names_around(scene, Absence(one.index, one.start, one.stop), {f: {3: ~truth(f)} for f in near}) == (
        None,
        None,
    )
