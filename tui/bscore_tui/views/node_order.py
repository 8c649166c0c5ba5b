"""Which rows the Nodes screen has, and how they keep still under a person's eyes; pure, time is handed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bscore_tui.views.batches import matches
from bscore_tui.views.cells import state_text
from bscore_tui.views.model import Mode, Model, NodeRow, WorkerRow
from bscore_tui.views.styles import Options

#: The order changes at most so often.
HOLD_S = 2.0
#: The row that counts the workers which are not shown.
REST = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A node's row and the ids of the workers below it; none where it is folded."""

    node: str
    is_open: bool = False
    rows: tuple[str, ...] = ()


class Steady:
    """Keeps the order of the rows: a new one at most every HOLD_S, none that moves the row of the cursor."""

    def __init__(self) -> None:
        self.blocks: tuple[Block, ...] = ()
        self._key: object = None
        self._changed_s = float("-inf")

    def settle(
        self, wanted: tuple[Block, ...], model: Model, options: Options, key: object, now_s: float
    ) -> tuple[Block, ...]:
        """The order to draw; another `key` (filter, sort, size ...) is what a person asked for: at once."""
        blocks = self.blocks
        if key != self._key or not blocks:
            blocks = wanted
        elif now_s - self._changed_s >= HOLD_S or not _moves(model):
            blocks = around_cursor(blocks, wanted, model, options)
        if blocks != self.blocks:
            self.blocks, self._changed_s = blocks, now_s
        self._key = key
        return blocks


def _moves(model: Model) -> bool:
    """Whether the picture changes by itself; a step of a person's is drawn at once."""
    return model.mode is Mode.LIVE or model.speed is not None


def around_cursor(
    before: Sequence[Block], wanted: tuple[Block, ...], model: Model, options: Options
) -> tuple[Block, ...]:
    """The wanted order, with the row of the cursor where it was.

    Blocks above the cursor's keep their places and heights, what they show may change; so it is with the
    rows between its node and the cursor. Below it everything stands as wanted.
    """
    node, worker = node_of(options.selected), worker_of(options.selected)
    by_node = {block.node: block for block in wanted}
    here = next((number for number, block in enumerate(before) if block.node == node), None)
    if here is None or node not in by_node:
        return wanted
    rows = {row.id: row for row in model.nodes}
    above = [
        _refilled(block, rows[block.node], model, options) for block in before[:here] if block.node in by_node
    ]
    own = by_node[node]
    known = {row.id for row in rows[node].known}
    if worker in known and worker in before[here].rows:
        own = _pinned(own, worker, before[here].rows.index(worker))
    taken = {block.node for block in above} | {node}
    return (*above, own, *(block for block in wanted if block.node not in taken))


def _pinned(block: Block, worker: str, index: int) -> Block:
    rest = [row for row in block.rows if row != worker]
    rest += [REST] * (index - len(rest))
    return replace(block, is_open=True, rows=(*rest[:index], worker, *rest[index:]))


def _refilled(block: Block, node: NodeRow, model: Model, options: Options) -> Block:
    """The block as high as it was, with what is most urgent now."""
    if not block.is_open:
        return block
    places = len(block.rows)
    rows = rows_of(node, model, places, options)
    if len(rows) > places:
        rows = [*rows[: places - 1], REST] if places else []
    return replace(block, rows=(*rows, *[REST] * (places - len(rows))))


def wanted_blocks(model: Model, room: int, options: Options) -> tuple[Block, ...]:
    """Nodes with something wrong open as far as `room` rows allow, the others folded; as sorted."""
    chosen = [node for node in sorted_nodes(model, options) if _wanted(node, options)]
    opened = _opened(chosen, room, options)
    closed = len(chosen) - len(opened)
    spare = room - min(closed, max(room // 3, room - 12 * len(opened)))
    left_open = len(opened)
    blocks: list[Block] = []
    for node in chosen:
        if node.id not in opened:
            blocks.append(Block(node.id))
            continue
        rows = rows_of(node, model, max(spare // left_open, 3) - 1, options)
        blocks.append(Block(node.id, is_open=True, rows=tuple(rows)))
        spare -= len(rows) + 1
        left_open -= 1
    return tuple(blocks)


def sorted_nodes(model: Model, options: Options) -> list[NodeRow]:
    """The nodes in the order that was asked for; the usual one is the model's."""
    rows = list(model.nodes)
    if options.sort == "done":
        rows.sort(key=lambda node: node.done or 0, reverse=True)
    elif options.sort == "cpu":
        rows.sort(key=lambda node: node.cpu_percent or 0.0, reverse=True)
    elif options.sort == "memory":
        rows.sort(key=lambda node: (node.memory or (0.0,))[-1] or 0.0, reverse=True)
    elif options.sort == "node":
        rows.sort(key=lambda node: node.id)
    if options.reverse:
        rows.reverse()
    return rows


def _opened(chosen: list[NodeRow], room: int, options: Options) -> set[str]:
    """Nodes shown with their workers: the first wrong ones as long as each has room, or few nodes at all.

    What a person folded or opened, and where the cursor is, comes before that.
    """
    opened: set[str] = set()
    budget = room
    for node in chosen:
        need = 3 + sum(bool(worker.sign) for worker in node.workers) + min(len(node.gone), 2)
        wants = bool(node.sign) or len(chosen) <= 2 or bool(options.filter)
        holds = worker_of(options.selected).rpartition("/")[0] == node.id
        fits = not opened or need <= budget
        if f"fold:{node.id}" in options.toggled:
            wants = False
        elif f"open:{node.id}" in options.toggled or holds:
            wants = fits = True
        if wants and fits:
            opened.add(node.id)
            budget -= need
        else:
            budget -= bool(node.sign)
    return opened


def _wanted(node: NodeRow, options: Options) -> bool:
    if not options.filter:
        return True
    texts = [f"{node.id} {node.host}", *(_text(worker) for worker in node.known)]
    return any(matches(text, options.filter) for text in texts)


def _text(worker: WorkerRow) -> str:
    who = f"{worker.node} {worker.process} {state_text(worker)}"
    return f"{who} {worker.mini_batch} {worker.cause} {worker.stack}"


def listed(node: NodeRow, model: Model, options: Options) -> list[WorkerRow]:
    """The living workers of a node that the filter lets through, most urgent first."""
    workers = sorted(node.workers, key=lambda worker: _urgency(worker, model))
    if options.filter and not matches(f"{node.id} {node.host}", options.filter):
        workers = [worker for worker in workers if matches(_text(worker), options.filter)]
    return workers


def _listed_gone(node: NodeRow, options: Options) -> list[WorkerRow]:
    """The gone workers of a node: those worth a row, or all that the filter lets through."""
    if not options.filter:
        return list(node.gone)
    if matches(f"{node.id} {node.host}", options.filter):
        return list(node.gone)
    return [worker for worker in (*node.gone, *node.past) if matches(_text(worker), options.filter)]


def rows_of(node: NodeRow, model: Model, places: int, options: Options) -> list[str]:
    """Ids of the workers shown in about so many rows: what is late or selected always, then two gone ones."""
    workers = listed(node, model, options)
    gone = [worker.id for worker in _listed_gone(node, options)]
    selected = worker_of(options.selected)
    always = sum(bool(worker.sign) or worker.id == selected for worker in workers)
    room = max(places - min(len(gone), 2), always)
    shown = workers if len(workers) <= room else workers[: max(room - 1, always)]
    here = [worker for worker in workers if worker.id == selected and worker not in shown]
    shown = [*shown[: len(shown) - len(here)], *here]
    rows = [worker.id for worker in shown]
    left_over = places - len(rows) - (len(shown) < len(workers))
    # Whoever looks for a word scrolls through all that hold it.
    rows += gone if options.filter else gone[: max(left_over, min(len(gone), 2))]
    return [*rows, REST] if len(shown) < len(workers) else rows


def _urgency(worker: WorkerRow, model: Model) -> tuple[int, int]:
    order = {"!": 0, "?": 1}.get(worker.sign, 2)
    if worker.state == "starting":
        order = min(order, 1)
    return order, worker.since if worker.state == "busy" else model.at


def node_of(target: str) -> str:
    """The node of a row."""
    kind, _, name = target.partition(":")
    return name if kind == "node" else name.rpartition("/")[0] if kind == "worker" else ""


def worker_of(target: str) -> str:
    """The worker of a row; empty where it is another's."""
    kind, _, name = target.partition(":")
    return name if kind == "worker" else ""
