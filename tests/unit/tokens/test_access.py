"""Who gets which token, and how often Pagero is asked for it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from app.errors import Disconnected, PageroBusy, PageroUnauthorized, ReconnectNeeded
from tests.unit.tokens.workshop import Machine, Workshop


def test_a_fresh_token_is_used_without_asking_pagero(workshop: Workshop, machine: Machine) -> None:
    answer = workshop.endpoint.sign_in()
    connection_id = workshop.sign_in(answer=answer)
    assert machine.token(connection_id) == answer.access_token
    assert workshop.endpoint.refreshes == []


def test_an_expired_token_is_renewed_once(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.expired()
    first = machine.token(connection_id)
    assert machine.token(connection_id) == first
    assert len(workshop.endpoint.refreshes) == 1
    row = workshop.row(connection_id)
    assert (row.generation, row.state, row.lease_owner, row.spent_generation) == (2, "active", None, None)
    assert workshop.actions() == [("connection.renewed", None)]


def test_a_crowd_of_threads_and_machines_costs_one_call(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.expired()
    workshop.endpoint.delay_seconds = 0.3
    machines = [machine, workshop.machine(), workshop.machine()]
    with ThreadPoolExecutor(24) as threads:
        tokens = list(threads.map(lambda number: machines[number % 3].token(connection_id), range(24)))
    assert len(workshop.endpoint.refreshes) == 1
    assert len(set(tokens)) == 1
