"""Which page stands behind which name."""

from __future__ import annotations

from bscore_tui.screens.batches import Batches
from bscore_tui.screens.errors import Errors, Trace
from bscore_tui.screens.file import File
from bscore_tui.screens.files import Files
from bscore_tui.screens.help import Help
from bscore_tui.screens.logs import Logs
from bscore_tui.screens.mini_batch import MiniBatch
from bscore_tui.screens.navigation import MakePage
from bscore_tui.screens.nodes import Nodes
from bscore_tui.screens.overview import Overview
from bscore_tui.screens.timeline import Timeline
from bscore_tui.screens.worker import Worker

ROOTS: dict[str, MakePage] = {page.name: page for page in (Overview, Batches, Nodes, Errors, Timeline, Logs)}
INNER: dict[str, MakePage] = {page.name: page for page in (Trace, MiniBatch, Worker, File, Files, Help)}
