"""What every file of the project must be: short, explained, and free of the machine it was written on."""

import ast
import re
from pathlib import Path

MOST_LINES = 400
TIED_TO_A_MACHINE = re.compile(rb"/wor[k]/|/tmp/bash_job[s]|pyp[i]\.org|pythonhoste[d]|--extra-inde[x]")
"""Paths of one machine, and package registries: which one is used is the user's own setting."""


def python_files(files: list[Path]) -> list[Path]:
    return [path for path in files if path.suffix == ".py"]


def test_python_files_are_short(files: list[Path]) -> None:
    """A file that has grown past 400 lines is to be taken apart."""
    lengths = {str(path): len(path.read_text("utf-8").splitlines()) for path in python_files(files)}
    assert {path: length for path, length in lengths.items() if length > MOST_LINES} == {}


def test_every_module_says_what_it_is_for(files: list[Path]) -> None:
    """A reader learns from the first line of any module, tests included, why it exists."""
    silent = [str(path) for path in python_files(files) if not ast.get_docstring(ast.parse(path.read_bytes()))]
    assert silent == []


def test_no_file_names_a_machine_or_a_registry(files: list[Path]) -> None:
    """The project can be built anywhere: nothing in it points to where it was written or fetched."""
    tied = {str(path): found.group() for path in files if (found := TIED_TO_A_MACHINE.search(path.read_bytes()))}
    assert tied == {}
