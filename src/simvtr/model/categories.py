"""Category names that published weights know by number: COCO's things and YouTube-VIS 2019. Facts of the data sets."""

# Ids 1 to 90; "-" is an id that no category has. COCO's stuff, 92 to 200, is not named: it is no object to follow.
_COCO = """
person, bicycle, car, motorcycle, airplane, bus, train, truck, boat, traffic light, fire hydrant, -, stop sign,
parking meter, bench, bird, cat, dog, horse, sheep, cow, elephant, bear, zebra, giraffe, -, backpack, umbrella, -, -,
handbag, tie, suitcase, frisbee, skis, snowboard, sports ball, kite, baseball bat, baseball glove, skateboard,
surfboard, tennis racket, bottle, -, wine glass, cup, fork, knife, spoon, bowl, banana, apple, sandwich, orange,
broccoli, carrot, hot dog, pizza, donut, cake, chair, couch, potted plant, bed, -, dining table, -, -, toilet, -, tv,
laptop, mouse, remote, keyboard, cell phone, microwave, oven, toaster, sink, refrigerator, -, book, clock, vase,
scissors, teddy bear, hair drier, toothbrush
"""
# Ids 1 to 40
_YTVIS19 = """
person, giant_panda, lizard, parrot, skateboard, sedan, ape, dog, snake, monkey, hand, rabbit, duck, cat, cow, fish,
train, horse, turtle, bear, motorbike, giraffe, leopard, fox, deer, owl, surfboard, airplane, truck, zebra, tiger,
elephant, snowboard, boat, shark, mouse, frog, eagle, earless_seal, tennis_racket
"""

PANOPTIC = 250  # classes of DETR's weights of COCO panoptic segmentation: things up to 90, then stuff


def _by_id(names: str) -> dict[int, str]:
    listed = (" ".join(name.split()) for name in names.split(","))
    return {number: name for number, name in enumerate(listed, start=1) if name != "-"}


COCO = _by_id(_COCO)
YTVIS19 = _by_id(_YTVIS19)
