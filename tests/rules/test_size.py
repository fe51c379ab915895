"""Small files and functions: what does not fit in the head is taken apart."""

import ast
import statistics

from tests.rules.source import ROOT, name_of, python_files, tree_of

LONGEST_FILE = 300
LONGEST_FUNCTION = 40  # lines, docstring included
TYPICAL_FUNCTION = 10  # median


def functions() -> dict[str, int]:
    """Name and length of every function of the application."""
    return {
        f"{name_of(path)}.{node.name}:{node.lineno}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path in python_files()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_no_file_of_the_application_is_long() -> None:
    files = [*python_files(), ROOT / "wsgi.py", ROOT / "gunicorn.conf.py"]
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_no_function_is_long() -> None:
    assert {name: length for name, length in functions().items() if length > LONGEST_FUNCTION} == {}


def test_most_functions_are_short() -> None:
    assert statistics.median(functions().values()) <= TYPICAL_FUNCTION


def test_every_module_says_what_it_is() -> None:
    silent = [
        name_of(path) for path in python_files() if path.name != "__init__.py" and not ast.get_docstring(tree_of(path))
    ]
    assert silent == []
