"""Parts of a page that are asked for side by side: the page takes as long as its slowest, and one may fail alone.

Only faults of ours are caught; anything else is a defect and passes through.
"""

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, TypeVar, cast

from app.errors import AppError

THREADS = 256  # made only when needed: more than a worker has requests at once, so that parts never queue

T = TypeVar("T")


@dataclass(frozen=True)
class Part(Generic[T]):
    """What a part came to: its value, or the fault that stands in its place."""

    value: T | None
    problem: AppError | None = None


def side_by_side(tasks: Mapping[str, Callable[[], T]]) -> dict[str, Part[T]]:
    """Run all tasks at once, begun in their order, the last in this thread, and answer when all are done."""
    names = list(tasks)
    running = {name: _pool(os.getpid()).submit(copy_context().run, _attempt, tasks[name]) for name in names[:-1]}
    done = {name: _attempt(tasks[name]) for name in names[-1:]}
    return {name: future.result() for name, future in running.items()} | done


def value_of(part: Part[T]) -> T:
    """The value of a part without which there is no page. Raises its problem."""
    if part.problem is not None:
        raise part.problem
    return cast(T, part.value)


def _attempt(task: Callable[[], T]) -> Part[T]:
    try:
        return Part(task())
    except AppError as problem:
        return Part(None, problem)


@lru_cache(maxsize=1)
def _pool(_process: int) -> ThreadPoolExecutor:
    """The threads of this process: a pool does not survive a fork."""
    return ThreadPoolExecutor(THREADS, thread_name_prefix="part")
