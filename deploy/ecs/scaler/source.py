"""The scaler as one file of source, as CloudFormation's ZipFile takes it."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from pathlib import Path

import worker.model.scaling
from deploy.ecs.scaler import handler

_HEAD = '''"""Sluice's scaler: worker/model/scaling.py and deploy/ecs/scaler/handler.py, without their comments."""
'''


def inline_source() -> str:
    """Both files' code, without docstrings, comments and blank lines; the entry point is `index.handler`.

    ZipFile takes 4 MiB (4,096 characters until 2022), but a template that is sent along, and not by a bucket, has
    51,200 bytes for everything. What is left stands as it is written, so that each Python makes the same text.
    """
    files = [Path(str(module.__file__)) for module in (worker.model.scaling, handler)]
    body = [line for file in files for line in _code(file.read_text())]
    return "\n".join([_HEAD + "from __future__ import annotations", *body]) + "\n"


def _code(text: str) -> Iterator[str]:
    dropped = {line for first, last in _dropped(ast.parse(text)) for line in range(first, last + 1)}
    comments = {
        token.start[0]: token.start[1]
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.COMMENT
    }
    for number, line in enumerate(text.splitlines(), start=1):
        code = line[: comments.get(number)].rstrip()
        if code and number not in dropped:
            yield code


def _dropped(tree: ast.Module) -> Iterator[tuple[int, int]]:
    """First and last lines of docstrings, and of imports of what stands in the same file."""
    for node in ast.walk(tree):
        match node:
            case ast.Module() | ast.ClassDef() | ast.FunctionDef() if ast.get_docstring(node) is not None:
                yield _lines(node.body[0])
            case ast.ImportFrom(module="worker.model.scaling" | "__future__"):
                yield _lines(node)


def _lines(node: ast.stmt) -> tuple[int, int]:
    return node.lineno, node.end_lineno or node.lineno
