"""A small pair that several files look at: two videos, three categories, one of them without true tracks."""

from tests.evaluation.tiny import found, truth

TRUTH = truth(
    {
        1: ["##.. ##.. ##.. ##.. ##..", "..## ..## ..## ..## ..##"],
        2: ["2: #### #### - #### ####", "#... #... #... #... .#.."],
    },
    {1: "fish", 2: "crab", 3: "eel"},
)
FOUND = {
    1: [found("##.. ##.. ##.. ##.. #...", 0.9), found("..## ..## .### ..## ..##", 0.8)],
    2: [found("#### ###. - #### ####", 0.7, 2), found("#... #... - #... .#..", 0.6), found("...# - - - -", 0.1)],
}
