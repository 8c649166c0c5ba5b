"""The tables of a node's resources: what is counted in them."""

from __future__ import annotations

import csv
import socket
from contextlib import ExitStack
from pathlib import Path

import psutil

from bscore.logtree import paths
from bscore.node.clock import Clock
from bscore.node.tables import Tables
from rigs import NODE, setup_for

SOCKETS = 30


def sockets_of(tables: Tables, tree: Path) -> tuple[int, int]:
    """TCP and UDP in a new row of the node's table."""
    tables.node(0, 0.0, psutil.virtual_memory())
    with (tree / paths.node_resources(NODE)).open(newline="") as file:
        row = list(csv.DictReader(file))[-1]
    return int(row["# of TCP Connections"]), int(row["# of UDP Connections"])


def test_sockets_of_both_kinds_are_counted(tmp_path: Path) -> None:
    setup = setup_for(tmp_path, "def run(b): return b")
    tables, tree = Tables(setup, Clock()), Path(setup.tree)
    tcp, udp = sockets_of(tables, tree)
    with ExitStack() as opened:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            for _ in range(SOCKETS):
                one = opened.enter_context(socket.socket(socket.AF_INET, kind))
                one.bind(("127.0.0.1", 0))
                if kind is socket.SOCK_STREAM:
                    one.listen()
        now = sockets_of(tables, tree)
    tables.close()
    # Others on this machine open and close theirs meanwhile.
    assert now[0] - tcp > SOCKETS / 2
    assert now[1] - udp > SOCKETS / 2
