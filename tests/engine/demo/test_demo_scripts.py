"""The demo's scripts run as scripts of users do: called plainly, importing nothing of bscore."""

import ast
import importlib
import os
import struct
import subprocess
import sys
import zlib

import pytest

from bscore import demo_data

SCRIPTS = ("png_reader", "score", "score_chaos")
ATTEMPT = """
import sys
sys.path.insert(0, sys.argv.pop(1))
path = sys.argv.pop(1)
import score_chaos
score_chaos.init()
print(score_chaos.run([path]).to_csv(sep=" ", header=False, index=False))
"""


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("digits")
    demo_data.write_images(folder)
    return folder


@pytest.fixture
def load(monkeypatch):
    """Import a script of the demo by its plain name, as a worker does, and forget it afterwards."""
    monkeypatch.syspath_prepend(str(demo_data.FOLDER))
    monkeypatch.setenv("AZUREML_MODEL_DIR", str(demo_data.FOLDER))
    monkeypatch.setattr(sys, "argv", ["score.py", "--mini_batch_size", "10"])
    for name in SCRIPTS:
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield importlib.import_module
    for name in SCRIPTS:
        sys.modules.pop(name, None)


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_need_no_bscore_and_no_newer_python_than_3_9(name):
    tree = ast.parse((demo_data.FOLDER / f"{name}.py").read_text(), feature_version=(3, 9))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    others = {module.partition(".")[0] for module in imported} - set(sys.stdlib_module_names)
    assert others <= {"numpy", "pandas", "png_reader", "score"}


def test_the_model_reads_97_of_100_digits_and_of_those_it_never_saw(images, load, tmp_path):
    score = load("score")
    score.init()
    paths = sorted(str(path) for path in images.iterdir())
    with (tmp_path / "predictions.csv").open("w") as file:
        for at in range(0, len(paths), 100):
            score.run(paths[at : at + 100]).to_csv(file, sep=" ", header=False, index=False)
    found = demo_data.accuracy(tmp_path / "predictions.csv", demo_data.labels())
    assert found.right / found.total > 0.985
    assert found.held_out_right / found.held_out_total >= 0.97


def test_a_row_is_file_prediction_confidence(images, load):
    score = load("score")
    score.init()
    result = score.run([str(images / "digit_0000.png"), str(images / "digit_0001.png")])
    assert list(result.columns) == ["file", "prediction", "confidence"]
    assert list(result["file"]) == ["digit_0000.png", "digit_0001.png"]
    assert list(result["prediction"]) == [0, 1]
    assert result["confidence"].between(0.5, 1.0).all()


def test_seconds_per_batch_is_the_least_a_mini_batch_takes(images, load, monkeypatch):
    score = load("score")
    slept = []
    monkeypatch.setattr(sys, "argv", ["score.py", "--seconds-per-batch", "60"])
    monkeypatch.setattr(score.time, "sleep", slept.append)
    score.init()
    score.run([str(images / "digit_0000.png")])
    assert 50 < slept[0] <= 60


def test_an_image_of_another_size_is_refused_by_name(tmp_path, load):
    (tmp_path / "wide.png").write_bytes(_png(9, 1, bytes(10)))
    score = load("score")
    score.init()
    with pytest.raises(ValueError, match=r"wide\.png is 9x1 pixels"):
        score.run([str(tmp_path / "wide.png")])


def _attempt(images, chaos_dir, name):
    environment = {**os.environ, "AZUREML_MODEL_DIR": str(demo_data.FOLDER), "PYTHONUNBUFFERED": "1"}
    arguments = [
        str(demo_data.FOLDER),
        str(images / name),
        "--chaos-dir",
        str(chaos_dir),
        "--logging_level",
        "INFO",
    ]
    return subprocess.Popen(
        [sys.executable, "-c", ATTEMPT, *arguments],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "exit_code", "said"),
    [
        ("digit_0200.png", 1, "ValueError: "),
        ("digit_1000.png", -9, "Enlarging"),
        ("digit_1400.png", 3, "no licence"),
    ],
)
def test_chaos_strikes_once_and_the_next_try_succeeds(images, tmp_path, name, exit_code, said):
    first = _attempt(images, tmp_path / "chaos", name)
    assert said in first.communicate()[1]
    assert first.returncode == exit_code
    second = _attempt(images, tmp_path / "chaos", name)
    assert second.communicate()[0].splitlines()[-2].startswith(f"{name} {demo_data.labels()[name]} ")
    assert second.returncode == 0


@pytest.mark.slow
def test_chaos_hangs_once_until_it_is_killed(images, tmp_path):
    first = _attempt(images, tmp_path, "digit_0600.png")
    try:
        assert "Asking the label service" in first.stderr.readline()
        with pytest.raises(subprocess.TimeoutExpired):
            first.wait(0.2)
    finally:
        first.kill()
        first.communicate()
    second = _attempt(images, tmp_path, "digit_0600.png")
    assert f"\ndigit_0600.png {demo_data.labels()['digit_0600.png']} " in second.communicate()[0]
    assert second.returncode == 0


def test_chaos_leaves_other_images_alone(images, load, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "argv", ["score_chaos.py", "--chaos-dir", str(tmp_path / "chaos")])
    chaos = load("score_chaos")
    chaos.init()
    assert len(chaos.run([str(images / f"digit_{index:04d}.png") for index in range(200)])) == 200
    assert list((tmp_path / "chaos").iterdir()) == []


def test_no_mini_batch_of_400_images_meets_two_troubles(load):
    met = [int(name[6:10]) // 400 for name in load("score_chaos").TROUBLE]
    assert len(set(met)) == len(met) == 4


def _chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png(width, height, rows, form=(8, 0, 0, 0, 0), parts=1):
    packed = zlib.compress(rows)
    cut = len(packed) // parts + 1
    idat = b"".join(_chunk(b"IDAT", packed[at : at + cut]) for at in range(0, len(packed), cut))
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, *form))
    return b"\x89PNG\r\n\x1a\n" + header + _chunk(b"tEXt", b"a\0b") + idat + _chunk(b"IEND", b"")


def test_all_five_row_filters_are_undone(load, tmp_path):
    """Expected values by hand from the PNG specification, section 9: None, Sub, Up, Average, Paeth."""
    rows = [
        (0, 10, 20, 250),
        (1, 5, 5, 250),  # each adds the left one: 5, 10, 4
        (2, 1, 1, 253),  # adds the one above: 6, 11, 1
        (3, 7, 1, 1),  # adds the floored mean of left and above: 10, 11, 7
        (4, 1, 1, 1),  # adds what is nearest to left + above - above left: 11, 12, 8
    ]
    (tmp_path / "filters.png").write_bytes(_png(3, 5, b"".join(map(bytes, rows)), parts=3))
    width, height, pixels = load("png_reader").read_grey(tmp_path / "filters.png")
    assert (width, height) == (3, 5)
    assert list(pixels) == [10, 20, 250, 5, 10, 4, 6, 11, 1, 10, 11, 7, 11, 12, 8]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "does not begin"),
        (b"GIF89a", "does not begin"),
        (_png(1, 1, b"\0\0")[:-6], "cannot be read"),
        (_png(1, 1, b"\0\0")[:20], "cannot be read"),
        (_png(1, 1, b"\0\0").replace(b"tEXta", b"tEXtb"), "checksum"),
        (_png(1, 1, b"\0\0\0\0", form=(8, 2, 0, 0, 0)), "8-bit grey"),
        (_png(1, 1, b"\0\0", form=(8, 0, 0, 0, 1)), "interlaced"),
        (_png(2, 2, b"\0\0\0"), "as many pixels"),
        (_png(1, 1, b"\5\0"), "row filter 5"),
    ],
)
def test_damaged_or_other_images_are_refused_by_name(load, tmp_path, data, said):
    (tmp_path / "image.png").write_bytes(data)
    with pytest.raises(ValueError, match=f"image.png.*{said}"):
        load("png_reader").read_grey(tmp_path / "image.png")
