"""The categories that a neighbour's classes are: which of them are objects, and their numbers in the data set.

Facts of the data sets: COCO's 80 things have the ids 1 to 90 with holes; as classes they are these ids, or 0 to 79 in
their order with 53 of stuff after them (COCO panoptic). Cityscapes' things are the classes 11 to 18.
"""

from collections.abc import Sequence

from simvtr.model.categories import COCO, PANOPTIC
from simvtr.schema import Category

_COCO_IDS = (91, PANOPTIC)  # classes of DETR's weights, which are COCO's ids
_CITYSCAPES = ("road", "sidewalk", "building", "wall", "fence", "pole", "traffic light", "traffic sign")


def things(labels: Sequence[str]) -> tuple[list[int], list[Category]]:
    """The classes that are objects, of all k, and what they are.

    COCO's things keep COCO's ids; other classes get their number from 1, as YouTube-VIS and OVIS count.

    >>> things(["person", "dog"])
    ([0, 1], [Category(id=1, name='person'), Category(id=2, name='dog')])
    >>> objects, kinds = things(["N/A", *(COCO.get(i, "N/A") for i in range(1, 91))])
    >>> len(objects), objects[11], kinds[11]                                             # 12 is no category
    (80, 13, Category(id=13, name='stop sign'))
    """
    names = [label.lower() for label in labels]
    if len(names) in _COCO_IDS and names[1] in ("person", "label_1"):  # converted weights do not always have names
        return list(COCO), [Category(number, name) for number, name in COCO.items()]
    if len(names) in (80, 133) and names[0] == "person":
        return list(range(80)), [Category(number, name) for number, name in COCO.items()]
    if len(names) == 19 and tuple(names[: len(_CITYSCAPES)]) == _CITYSCAPES:
        return list(range(11, 19)), [Category(i + 1, labels[i]) for i in range(11, 19)]
    return list(range(len(labels))), [Category(i + 1, label) for i, label in enumerate(labels)]
