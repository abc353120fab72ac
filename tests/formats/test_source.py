"""Folders and ZIPs are read inside their root, in bounded memory, whatever they claim to be."""

import os
import zipfile

import pytest

from simvtr.errors import DataError
from simvtr.formats.source import open_source


def packed(path, *files, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("name", ["../out.png", "/etc/x.png", "a/../../x.png", "C:\\x.png", "a\\..\\x.png"])
def test_a_zip_whose_names_lead_out_is_refused(tmp_path, name):
    with pytest.raises(DataError, match="file names must stay inside the ZIP"):
        open_source(packed(tmp_path / "z.zip", (name, b"x")))


def test_a_bomb_stops_early(tmp_path):
    source = open_source(packed(tmp_path / "z.zip", ("a.png", bytes(100 << 20))))
    with pytest.raises(DataError, match="must unpack to at most 400 times its size"):
        source.read("a.png", 1 << 40)


def test_many_small_bombs_count_together(tmp_path):
    source = open_source(packed(tmp_path / "z.zip", *((f"{i}.png", bytes(20 << 20)) for i in range(5))))
    with pytest.raises(DataError, match="at most 400 times its size"):
        for name in source.names:
            source.read(name, 1 << 40)


def test_a_link_out_of_the_folder_is_refused(tmp_path):
    (tmp_path / "secret").write_text("x")
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.png").symlink_to(tmp_path / "secret")
    source = open_source(tmp_path / "in")
    with pytest.raises(DataError, match="leads out of"):
        source.read("a.png", 10)


def test_a_file_too_large_is_refused(tmp_path):
    (tmp_path / "a.png").write_bytes(bytes(3 << 20))
    with pytest.raises(DataError, match=r"a\.png: must be at most 1 MiB, got more"):
        open_source(tmp_path).read("a.png", 1 << 20)


def test_what_systems_leave_behind_is_skipped(tmp_path):
    names = open_source(packed(tmp_path / "z.zip", ("__MACOSX/._a.png", b""), ("a.png", b""), (".DS_Store", b""))).names
    assert names == ["a.png"]


@pytest.mark.parametrize("content", [b"PK\x03\x04 and nothing", b"PK\x05\x06"])
def test_a_broken_zip_is_refused(tmp_path, content):
    (tmp_path / "z.zip").write_bytes(content)
    with pytest.raises(DataError, match=r"z\.zip: cannot be read"):
        open_source(tmp_path / "z.zip")


def test_a_file_damaged_inside_a_zip_is_refused(tmp_path):
    path = packed(tmp_path / "z.zip", ("a.txt", b"0123456789" * 20), compression=zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"0123", b"9999", 1))
    with pytest.raises(DataError, match=r"z\.zip/a\.txt: cannot be read: Bad CRC-32"):
        open_source(path).read("a.txt", 1 << 20)


@pytest.mark.parametrize("make", [lambda path: None, os.mkfifo])
def test_nothing_and_pipes_are_refused(tmp_path, make):
    make(tmp_path / "x")
    with pytest.raises(DataError, match=r"cannot be read: No such file|must be a file or folder"):
        open_source(tmp_path / "x")
