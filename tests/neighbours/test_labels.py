"""Which classes of a neighbour are objects, and what they are called."""

from simvtr.model.categories import COCO
from simvtr.neighbours.labels import things


def test_cocos_things_have_cocos_ids_however_the_classes_count():
    by_id = ["N/A", *(COCO.get(i, "N/A") for i in range(1, 91))]  # 91 classes
    panoptic = [f"LABEL_{i}" for i in range(250)]
    contiguous = [*COCO.values(), *(f"stuff {i}" for i in range(53))]  # 133
    for labels, first, last in ((by_id, 1, 90), (panoptic, 1, 90), (contiguous, 0, 79), (contiguous[:80], 0, 79)):
        objects, kinds = things(labels)
        assert (objects[0], objects[-1], len(objects)) == (first, last, 80)
        assert (kinds[0].id, kinds[-1].id, kinds[-1].name) == (1, 90, "toothbrush")


def test_other_data_sets_count_from_one():
    objects, kinds = things(["giant_panda", "owl"])
    assert objects == [0, 1] and [(kind.id, kind.name) for kind in kinds] == [(1, "giant_panda"), (2, "owl")]


def test_cityscapes_stuff_is_no_object():
    walls = ["road", "sidewalk", "building", "wall", "fence", "pole", "traffic light", "traffic sign"]
    labels = [*walls, "vegetation", "terrain", "sky", *(f"thing {i}" for i in range(8))]
    objects, kinds = things(labels)
    assert objects == list(range(11, 19)) and kinds[0].name == "thing 0"
