"""The demo's images are the original ones, whole, small, and say whose they are."""

import hashlib
import importlib.util
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from bscore import demo_data
from bscore.demo_data import png_reader
from bscore.errors import BscoreError, NotFoundError, StorageError

PIXELS_SHA256 = "8f26b2bd9d135c256808f68f14fdabddde6d9c7f869ae419704b051f0f14b3b3"
LABELS_SHA256 = "8ba4f891220f5e4c9c819638d1602d74b83618f167043c6da52a2a247841ddf0"
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("digits") / "new" / "folder"
    assert demo_data.write_images(folder) == 1797
    return folder


@pytest.fixture(scope="module")
def training():
    spec = importlib.util.spec_from_file_location("train", ROOT / "engine" / "demo_training" / "train.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _values(path):
    width, height, grey = png_reader.read_grey(path)
    assert (width, height) == (8, 8)
    return bytes(round(pixel * 16 / 255) for pixel in grey)


def test_written_images_hold_the_original_values(images):
    names = sorted(path.name for path in images.iterdir())
    assert names == list(demo_data.labels())
    original = b"".join(_values(images / name) for name in names)
    assert hashlib.sha256(original).hexdigest() == PIXELS_SHA256
    assert hashlib.sha256(bytes(demo_data.labels().values())).hexdigest() == LABELS_SHA256


def test_images_and_labels_are_those_of_scikit_learn():
    datasets = pytest.importorskip("sklearn.datasets")
    digits = datasets.load_digits()
    assert b"".join(demo_data.pixels()) == digits.data.astype("uint8").tobytes()
    assert list(demo_data.labels().values()) == digits.target.tolist()


def test_packing_anew_gives_the_same_content(training):
    pytest.importorskip("sklearn.datasets")
    zlib = training.zlib
    # libraries of zlib differ in how well they compress, so the content is compared
    assert zlib.decompress(training.pack()) == zlib.decompress(demo_data.DIGITS_FILE.read_bytes())


def test_training_anew_gives_the_same_bytes(training):
    pytest.importorskip("numpy")
    assert training.train() == (demo_data.MODEL_FOLDER / "weights.json").read_text()


def test_a_fifth_is_held_out_with_every_digit_in_it():
    held_out = [label for at, label in enumerate(demo_data.labels().values()) if demo_data.is_held_out(at)]
    assert len(held_out) == 359
    # the data's own order repeats, so that the digits are not held out equally often: 21 to 52 times
    assert len(Counter(held_out)) == 10
    assert min(Counter(held_out).values()) >= 20


def test_other_readers_of_png_see_the_same_image(images):
    reader = pytest.importorskip("PIL.Image")
    with reader.open(images / "digit_0000.png") as image:
        assert (image.format, image.mode, image.size) == ("PNG", "L", (8, 8))
        assert image.tobytes() == png_reader.read_grey(images / "digit_0000.png")[2]


def test_writing_again_repairs_what_an_interruption_left(tmp_path):
    (tmp_path / "digit_0003.png").write_bytes(b"\x89PNG torn")
    (tmp_path / "mine.txt").write_text("untouched")
    demo_data.write_images(tmp_path)
    assert _values(tmp_path / "digit_0003.png") == demo_data.pixels()[3]
    assert (tmp_path / "mine.txt").read_text() == "untouched"


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"cannot be written to .*file"):
        demo_data.write_images(tmp_path / "file")


def test_the_package_stays_small():
    assert demo_data.DIGITS_FILE.stat().st_size < 48_000
    assert (demo_data.MODEL_FOLDER / "weights.json").stat().st_size < 20_000


def test_the_authors_and_the_licence_are_named():
    text = (demo_data.FOLDER / "LICENSE-digits.txt").read_text()
    for needed in (
        "E. Alpaydin",
        "C. Kaynak",
        "UCI",
        "CC BY 4.0",
        "creativecommons.org/licenses/by/4.0",
        "Changes",
    ):
        assert needed in text


def test_the_wheel_carries_the_data_and_not_the_training(tmp_path):
    wheel = pytest.importorskip("hatchling.builders.wheel")
    (path,) = wheel.WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        assert archive.read("bscore/demo_data/digits.bin") == demo_data.DIGITS_FILE.read_bytes()
    shipped = {"LICENSE-digits.txt", "model/weights.json", "score.py", "score_chaos.py", "png_reader.py"}
    assert {f"bscore/demo_data/{name}" for name in shipped} <= names
    assert not [name for name in names if "demo_training" in name]


def _write(path, rows):
    path.write_text("".join(f"{name} {digit} 0.9876\n" for name, digit in rows))
    return path


def test_accuracy_counts_all_and_held_out_images_apart(tmp_path):
    rows = dict(demo_data.labels())
    for wrong in ("digit_0000.png", "digit_0004.png", "digit_1794.png"):  # the last two are held out
        rows[wrong] = (rows[wrong] + 1) % 10
    path = _write(tmp_path / "predictions.csv", reversed(rows.items()))
    found = demo_data.accuracy(path, demo_data.labels())
    assert found == (1794, 1797, 357, 359)
    assert found.held_out_right == 357


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: rows[1:], r"1 missing \(first: digit_0000.png\)"),
        (lambda rows: [*rows, rows[7], rows[7]], r"1 more than once \(first: digit_0007.png\)"),
        (lambda rows: [*rows, ("x.png", 1)], r"1 not among the images \(first: x.png\)"),
        (lambda _: [], r"1797 missing"),
        (lambda rows: [*rows, ("two words", 1)], r"line 1798: expected a file name, a digit"),
        (lambda rows: [("digit_0000.png", "nan"), *rows[1:]], r"line 1: expected"),
    ],
)
def test_accuracy_refuses_a_file_without_every_image_exactly_once(tmp_path, change, said):
    path = _write(tmp_path / "predictions.csv", change(list(demo_data.labels().items())))
    with pytest.raises(BscoreError, match=said):
        demo_data.accuracy(path, demo_data.labels())


def test_accuracy_of_a_missing_file_is_an_error_that_names_it(tmp_path):
    with pytest.raises(NotFoundError, match=r"predictions\.csv cannot be read"):
        demo_data.accuracy(tmp_path / "predictions.csv", demo_data.labels())
