import json
from pathlib import Path

from simvtr.evaluation import evaluate
from simvtr.schema import Predictions
from tests.evaluation.tiny import found, truth

ONE = truth({1: ["##.. ##..", "2: ..## -"]}, {1: "fish", 2: "bird", 3: "cow"})
HALF = {1: [found("##.. ##..", 0.9), found("..#. -", 0.8, category=2)]}  # fish IoU 1, bird IoU 1/2


def test_the_table_is_plain_text_in_percent():
    assert evaluate(ONE, HALF).table() == (
        "   AP    AP50   AP75    APs  APm  APl\n"
        "55.00  100.00  50.00  55.00    -    -\n"
        "\n"
        "  AR1   AR10  AR100    ARs  ARm  ARl\n"
        "55.00  55.00  55.00  55.00    -    -\n"
        "\n"
        "category      AP    AP50    AP75    AR10  true  found\n"
        "fish      100.00  100.00  100.00  100.00     1      1\n"
        "bird       10.00  100.00    0.00   10.00     1      1\n"
        "cow            -       -       -       -     0      0\n"
        "\n"
        "1 video, 3 categories, 2 true tracks, 2 found tracks; dialect strict; percent."
    )


def test_the_table_without_categories_says_so():
    assert "all categories as one" in evaluate(ONE, HALF, class_agnostic=True).table()


def test_json_has_fractions_at_full_precision():
    result = evaluate(ONE, HALF)
    document = json.loads(result.to_json())
    assert document["stats"] == result.stats  # equal floats, so nothing was rounded
    assert document["stats"]["APl"] == -1.0
    assert document["dialect"] == "strict"
    assert [c["name"] for c in document["categories"]] == ["fish", "bird", "cow"]
    assert document["categories"][1]["found"] == 1
    assert (document["videos"], document["true"], document["found"]) == (1, 2, 2)


def test_a_cell_without_tracks_has_no_comparison():
    assert evaluate(ONE, HALF).comparison(1, 3) is None


def test_a_result_and_what_was_read_are_shown_in_one_line():
    assert repr(evaluate(ONE, HALF)) == "Result(AP=0.5500, videos=1, dialect='strict', class_agnostic=False)"
    assert repr(ONE) == f"Truth(path={ONE.path!r})"
    assert repr(Predictions(HALF, Path("results.json"))) == f"Predictions(path={Path('results.json')!r})"
