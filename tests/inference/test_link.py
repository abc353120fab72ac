"""Rules of `link`, on windows whose objects are known."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simvtr.config import IdentityConfig
from simvtr.inference import LinkIdentity, Window
from simvtr.inference.candidates import candidates
from simvtr.inference.link import _cost

H, W, SIDE = 48, 64, 10  # the picture and the side of an object
WHOLE = ("doubt", "settle", "remember", "live")  # what counts frames or objects


def square(row, column):
    mask = np.zeros((H, W), bool)
    mask[max(0, row) : max(0, row + SIDE), max(0, column) : max(0, column + SIDE)] = True
    return mask


def window(start, *frames, score=0.9, embeddings=True, order=None):
    """A window of objects; a frame is a list of (row, column), None where an object is not seen.

    Object i has class i modulo 3 and an embedding of its own; query j is object order[j].
    """
    n = len(frames[0])
    order = list(range(n)) if order is None else list(order)
    blank = np.zeros((H, W), bool)
    masks = np.stack([[blank if place is None else square(*place) for place in frame] for frame in frames])
    scores = np.broadcast_to(score, n)
    probabilities = np.stack([np.eye(3)[i % 3] * scores[i] + 0.01 for i in range(n)])[None].repeat(len(frames), 0)
    known = np.eye(16)[:n]
    return Window(start, probabilities[:, order], masks[:, order], known[order] if embeddings else None)


def names(windows, config=None):
    link = LinkIdentity(config)
    return [link.assign(w) for w in windows]


# --- one rule at a time ---------------------------------------------------------------------------------------------


def test_an_object_keeps_its_name_whatever_query_finds_it():
    assert names([window(0, [(0, 0), (30, 40)]), window(1, [(0, 2), (30, 42)], order=(1, 0))]) == [[0, 1], [1, 0]]


def test_the_best_score_gets_the_lowest_name():
    assert names([window(0, [(0, 0), (30, 40)], score=[0.5, 0.8])]) == [[1, 0]]


@pytest.mark.parametrize("embeddings", [True, False])
def test_a_lost_object_comes_back_where_it_went(embeddings):
    there, gone = [(5, 5), (30, 40)], [None, (30, 40)]
    frames = [there, gone, gone, there]
    found = names([window(i, frame, embeddings=embeddings) for i, frame in enumerate(frames)])
    assert found == [[0, 1], [None, 1], [None, 1], [0, 1]]


def test_an_object_comes_back_elsewhere_by_its_embedding_for_as_long_as_it_is_remembered():
    windows = [window(0, [(5, 5), (30, 40)]), window(120, [(30, 5), (30, 40)])]
    assert names(windows) == [[0, 1], [0, 1]]
    assert names([windows[0], replace(windows[1], start=1001)]) == [[0, 1], [0, 1]]
    assert names([windows[0], replace(windows[1], start=1002)]) == [[0, 1], [2, 3]]
    assert names(windows, IdentityConfig(remember=119)) == [[0, 1], [0, 1]]  # frames 1 to 119 unseen
    assert names(windows, IdentityConfig(remember=118)) == [[0, 1], [2, 3]]


def test_a_query_below_the_birth_score_continues_an_object_and_founds_none():
    weak = window(1, [(0, 0), (30, 40)], score=0.05)
    assert names([window(0, [(0, 0), None]), weak]) == [[0, None], [0, None]]
    assert names([window(0, [(0, 0), None]), weak], IdentityConfig(least=0.2)) == [[0, None], [None, None]]


def test_of_two_queries_on_one_object_the_better_one_keeps_it():
    assert names([window(0, [(0, 0), (0, 1), (30, 40)], score=[0.6, 0.8, 0.7])]) == [[None, 0, 1]]  # IoU 90 / 110
    assert names([window(0, [(0, 0), (0, 4)])]) == [[0, 1]]  # IoU 60 / 140: two objects


def test_two_queries_that_look_like_one_known_object_are_one_as_soon_as_they_overlap_and_things_in_contact_stay_two():
    contact = [window(i, [(0, 0), (0, 4)]) for i in range(2)]  # IoU 60 / 140, above `shared` and below `duplicate`
    assert names(contact) == [[0, 1], [0, 1]]
    alike = replace(contact[1], embeddings=np.eye(16)[[0, 0]], probabilities=contact[1].probabilities[:, [0, 0]])
    assert names([window(0, [(0, 0), None]), alike]) == [[0, None], [0, None]]
    assert names([window(0, [(0, 0), None]), alike], IdentityConfig(shared=0.5)) == [[0, None], [0, 1]]
    assert names([alike]) == [[0, 1]]  # nothing is known yet


def test_of_two_queries_on_one_object_the_one_that_continues_it_keeps_it_from_a_surer_one_that_lost_its_own():
    seen = window(0, [(0, 0), (30, 40)])
    astray = window(1, [(0, 0), (0, 0)], score=[0.9, 0.97])  # the second one continues its object at 0.75 / 3 = 0.25
    assert names([seen, astray]) == [[0, 1], [0, None]]  # 0.9 > 0.97 - 0.3 · 0.25 = 0.895
    assert names([seen, astray], IdentityConfig(strange=0.0)) == [[0, 1], [None, 1]]
    less_alike = 0.9 * np.eye(16)[0] + 0.19**0.5 * np.eye(16)[2]  # E = 0.1 / 0.5: costs 0.2 / 3 = 0.07
    both = window(1, [(0, 0), (0, 0)], score=[0.9, 0.91])
    both = replace(both, embeddings=np.stack([np.eye(16)[0], less_alike]), probabilities=both.probabilities[:, [0, 0]])
    both.probabilities[:, 1] *= 0.91 / 0.9
    assert names([seen, both]) == [[0, 1], [None, 0]]  # two queries of one object: the surer, though 0.3 · 0.07 > 0.01
    surer = window(1, [(0, 0), (0, 0)], score=[0.8, 0.97])
    assert names([seen, surer]) == [[0, 1], [None, 1]]


def test_what_jumps_and_looks_the_same_is_the_same_and_what_looks_otherwise_is_new():
    here, there = (0, 0), (36, 50)  # no overlap, farther than `reach`: M = D = 1
    alike = replace(window(1, [there]), embeddings=0.8 * np.eye(16)[:1] + 0.6 * np.eye(16)[1:2])  # E = 0.4
    assert names([window(0, [here]), alike]) == [[0], [0]]  # (0.4 + 0.5 + 0.25) / 3 = 0.38
    assert names([window(0, [here]), alike], IdentityConfig(astray=1.0)) == [[0], [1]]  # 1.9 / 3 = 0.63
    assert names([window(0, [here, None]), window(1, [None, there])]) == [[0, None], [None, 1]]  # E = C = 1: 0.75


def test_motion_tells_objects_apart_that_look_the_same():
    def frame(i):  # two equal objects, one over the other by frame 4, then past it
        return window(i, [(10, 2 + 6 * i), (14, 50 - 6 * i)], embeddings=False)

    alike = [replace(w, probabilities=np.full_like(w.probabilities, 0.3)) for w in map(frame, range(9))]
    config = IdentityConfig(duplicate=1.0)
    assert names(alike, config) == [[0, 1]] * 9
    assert names(alike, replace(config, motion=0.0, mask=1.0)) == [[0, 1]] * 9  # the mask moves on too


def looks(*cosines):
    """One object a frame, first at the left, then from frame 300 at the right; its embedding has these cosines with
    that of the left one."""
    for i, cosine in enumerate(cosines):
        here = window(i if i < 10 else 290 + i, [(0, 0) if i < 10 else (30, 40 - i % 2)])
        yield replace(here, embeddings=np.array([[cosine, np.sqrt(1 - cosine**2)]]))


def test_an_object_that_comes_to_look_like_a_lost_one_is_that():
    def found(*cosines, **config):
        return [name for (name,) in names(looks(*[1.0] * 10, *cosines), IdentityConfig(**config))]

    back = (0.6, 1.0, 1.0, 1.0, 1.0, 1.0)
    assert found(*back) == [0] * 10 + [1] * 4 + [0] * 2  # from the fifth frame on
    assert found(*back, settle=6) == [0] * 10 + [1] * 5 + [0]
    for never in ({"again": 0.0}, {"remember": 200}, {"settle": 7}, {"embedding": 0.0}):
        assert found(*back, **never) == [0] * 10 + [1] * 6
    assert found(*[0.0] * 6) == [0] * 10 + [1] * 6


def test_an_object_is_none_that_was_seen_beside_it():
    both = [window(i, [(0, 0), (30, 40)]) for i in range(8)]
    alike = [replace(w, embeddings=np.ones((2, 4)), probabilities=np.full((1, 2, 3), 0.3)) for w in both]
    alone = [replace(w, masks=w.masks & (np.arange(2) == 0)[:, None, None]) for w in alike[4:]]
    assert names([*alike[:4], *alone]) == [[0, 1]] * 4 + [[0, None]] * 4


def test_of_the_lost_ones_that_which_was_seen_least_makes_room():
    seen = [[(0, 0), None, None], [(0, 0), None, None], [None, (0, 40), None], [None, None, (30, 40)]]
    link = LinkIdentity(IdentityConfig(live=2))
    assert [link.assign(window(i, frame)) for i, frame in enumerate(seen)][-1] == [None, None, 2]
    assert sorted(link.objects) == [0, 2]


def test_there_are_no_more_objects_than_allowed_and_a_lost_one_makes_room():
    three = [(0, 0), (0, 40), (30, 40)]
    config = IdentityConfig(live=2)
    assert names([window(0, three)], config) == [[0, 1, None]]
    found = names([window(0, [three[0], None, None]), window(1, [None, *three[1:]])], config)
    assert found == [[0, None, None], [None, 1, 2]]
    link = LinkIdentity(config)
    for i in range(3):
        link.assign(window(i, three))
    assert sorted(link.objects) == [0, 1]


def test_an_empty_window_names_nothing_and_forgets_nothing():
    empty = Window(1, np.zeros((1, 0, 3)), np.zeros((1, 0, H, W), bool))
    assert names([window(0, [(0, 0)]), empty, window(2, [(0, 0)])]) == [[0], [], [0]]


def test_class_alone_does_not_bring_back_what_was_lost_for_long():
    far = [window(0, [(0, 0)], embeddings=False), window(60, [(35, 50)], embeddings=False)]
    assert names(far) == [[0], [1]]


def test_without_embeddings_an_object_of_another_class_does_not_take_the_name_of_a_lost_one():
    def sure(start, *places):  # its place in the list is its class, with a probability of 1
        classes = [i for i, place in enumerate(places) if place]
        here = window(start, [place for place in places if place], embeddings=False)
        return replace(here, probabilities=0.9 * np.eye(3)[classes][None])

    lost = [sure(0, (0, 0), (20, 20)), sure(1, (0, 0))]
    other = [*lost, sure(2, (0, 0), None, (22, 20))]
    assert names(other) == [[0, 1], [0], [0, 2]]  # M 0.33, D 0.2: (1.25 + 0.44 + 0.33) / 3.25 = 0.62
    assert names(other, IdentityConfig(category_alone=0.5, unknown_alone=0.8)) == [[0, 1], [0], [0, 1]]  # 0.48
    assert names([*lost, sure(2, (0, 0), (22, 20))]) == [[0, 1], [0], [0, 1]]
    assert names([sure(0, (0, 0), (20, 20)), sure(1, (0, 0), None, (20, 20))]) == [[0, 1], [0, 1]]  # a slip: 0.38


def test_large_masks_are_compared_on_a_grid():
    def large(start, row):
        mask = np.zeros((1, 1, 1080, 1920), bool)
        mask[..., row : row + 300, 200:500] = True
        return Window(start, np.full((1, 1, 1), 0.9), mask)

    link = LinkIdentity()
    assert [link.assign(large(i, 100 + 20 * i)) for i in range(3)] == [[0], [0], [0]]
    assert link.objects[0].mask.shape == (72, 128)


@given(st.integers(0, 1079), st.integers(0, 1919), st.integers(1, 20))
@settings(max_examples=25, deadline=None)
def test_an_object_of_one_pixel_has_a_name_wherever_it_is_in_a_large_picture(row, column, side):
    masks = np.zeros((1, 2, 1080, 1920), bool)  # a cell is 15 x 15 pixels
    masks[0, 0, row : row + side, column : column + side] = True
    masks[0, 1, 500:700, 900:1200] = True
    link = LinkIdentity()
    before = masks.copy()
    found = [link.assign(Window(i, np.full((1, 2, 1), 0.9), masks)) for i in range(2)]
    assert {0, 1} == set(found[0]) and found[0] == found[1]
    np.testing.assert_array_equal(masks, before)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"embedding": -1.0}, r"identity.embedding must not be negative, got -1.0"),
        ({"mask": 0.0, "motion": 0.0, "category_alone": 0.0}, "motion must be above 0, got 0 for all"),
        ({"fade": 0.0}, "identity.fade must be above 0, got 0"),
        ({"gate": 1.5}, r"identity.gate must lie in \[0, 1\], got 1.5"),
        ({"live": 0}, "identity.live must be at least 1, got 0"),
        ({"remember": -1}, "identity.remember must be at least 0, got -1"),
        *(({name: 2.5}, f"identity.{name} must be a whole number, got 2.5") for name in WHOLE),
        ({"live": True}, "identity.live must be a whole number, got True"),
        ({"birth": "x"}, "identity.birth must be a finite number, got 'x'"),
        ({"strange": None}, "identity.strange must be a finite number, got None"),
        ({"far": float("nan")}, "identity.far must be a finite number, got nan"),
    ],
)
def test_numbers_out_of_range_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        IdentityConfig(**change)


def test_numbers_of_numpy_are_numbers():
    assert IdentityConfig(live=np.int64(3), birth=np.float32(0.5), far=1) == IdentityConfig(live=3, birth=0.5, far=1.0)


# --- properties -----------------------------------------------------------------------------------------------------


@st.composite
def scenes(draw):
    """Places of n objects in t frames: each has a row of its own, and moves along it a few columns a frame."""
    n, t = draw(st.integers(1, 4)), draw(st.integers(2, 10))
    places = []
    for i in range(n):
        column, speed = draw(st.integers(0, W - SIDE)), draw(st.integers(-3, 3))
        places.append([(12 * i, min(max(column + speed * frame, 0), W - SIDE)) for frame in range(t)])
    return [list(frame) for frame in zip(*places, strict=True)]


def cut(scene, length, shuffled=None, **options):
    """The scene in windows of so many frames, with queries in the same order or drawn anew for each window."""
    for start in range(0, len(scene), length):
        order = None if shuffled is None else shuffled.permutation(len(scene[0]))
        yield window(start, *scene[start : start + length], order=order, **options), order


@settings(max_examples=60, deadline=None)
@given(scenes(), st.integers(1, 10), st.booleans())
def test_identities_never_split_or_merge_on_perfect_masks_without_occlusion(scene, length, embeddings):
    found = names(w for w, _ in cut(scene, length, embeddings=embeddings))
    assert all(sorted(one) == list(range(len(scene[0]))) for one in found) and len(set(map(tuple, found))) == 1


@settings(max_examples=60, deadline=None)
@given(scenes(), st.integers(1, 5), st.integers(0, 999))
def test_permuting_the_queries_between_windows_changes_nothing(scene, length, seed):
    found = names(w for w, _ in cut(scene, length))
    shuffled = list(cut(scene, length, np.random.default_rng(seed)))
    assert [list(np.array(one)[order]) for one, (_, order) in zip(found, shuffled, strict=True)] == names(
        w for w, _ in shuffled
    )


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 4))
def test_two_passes_over_the_same_noise_give_the_same_names_and_no_name_twice_in_a_window(seed, length):
    def noise():
        random = np.random.default_rng(seed)
        for start in range(0, 20, length):
            yield Window(
                start,
                random.dirichlet(np.ones(4), (length, 6))[..., :3],
                random.random((length, 6, 8, 8)) > random.random((length, 6, 1, 1)),
                random.normal(size=(6, 4)),
            )

    first = names(noise())
    assert first == names(noise())
    for one in first:
        given_names = [name for name in one if name is not None]
        assert len(given_names) == len(set(given_names))


@settings(max_examples=30, deadline=None)
@given(scenes())
def test_one_window_of_the_whole_video_is_what_slots_are(scene):
    (whole,) = names([window(0, *scene)])
    assert sorted(whole) == list(range(len(scene[0])))  # one object a query, nothing dropped


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 30), st.integers(0, 20))
def test_no_more_is_remembered_than_allowed_however_long_the_video(seed, live, remember):
    random = np.random.default_rng(seed)
    link = LinkIdentity(IdentityConfig(live=live, remember=remember, gate=0.1))  # hardly anything is continued
    for start in range(0, 200, 4):  # every window has other objects
        masks = random.random((4, 5, 8, 8)) > 0.7
        link.assign(Window(start, random.random((4, 5, 3)) / 3, masks, random.normal(size=(5, 4))))
        assert len(link.objects) <= live
        assert all(start - known.frame <= remember + 1 for known in link.objects.values())


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 400))
def test_leaving_out_the_place_of_what_is_long_gone_changes_no_bit_of_a_cost(seed, gap):
    random, config = np.random.default_rng(seed), IdentityConfig()

    def noise(start):
        return Window(start, random.dirichlet(np.ones(4), (1, 6)), random.random((1, 6, 8, 8)) > 0.7, np.eye(6))

    link = LinkIdentity(config)
    for start in range(3):
        link.assign(noise(start))
    objects, found = list(link.objects.values()), candidates(noise(gap), config)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("simvtr.inference.link._FORGOTTEN", math.inf)  # every place is worked out
        whole = _cost(objects, found, gap + 2, config)
    np.testing.assert_array_equal(_cost(objects, found, gap + 2, config), whole)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 9))
def test_going_on_from_a_state_that_was_put_into_json_is_the_same_to_the_last_bit(seed, stop):
    random = np.random.default_rng(seed)
    link = restored = LinkIdentity()
    for start in range(10):
        if start == stop:
            restored = LinkIdentity.restored(json.loads(json.dumps(link.state())))
        chances = random.dirichlet(np.ones(4), (1, 6))[..., :3].astype(np.float32)
        near = random.normal(size=(6, 4)).astype(np.float32)
        noise = Window(start, chances, random.random((1, 6, 8, 8)) > random.random((1, 6, 1, 1)), near)
        same = link.assign(noise)
        assert restored is link or restored.assign(noise) == same
    assert json.dumps(restored.state()) == json.dumps(link.state())
