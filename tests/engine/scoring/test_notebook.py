"""bscore.score in a real notebook kernel: its progress, its rows, its stop button."""

from __future__ import annotations

from pathlib import Path

import pytest

from score_programs import program

pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")


@pytest.mark.slow
def test_a_notebook_shows_progress_rows_and_traces_and_its_stop_button_cancels(tmp_path: Path) -> None:
    facts = program(
        tmp_path,
        """
        import nbformat
        from jupyter_client.manager import KernelManager
        from nbclient import NotebookClient
        from nbclient.exceptions import CellExecutionError

        mark = os.path.abspath("mark")
        cells = [
            "import bscore, time\\nfactor = 1\\n"
            "def init():\\n    global factor\\n    factor = 3\\n"
            "def run(batch):\\n    return [factor * n for n in batch]\\n"
            "result = bscore.score(run=run, init=init, inputs=range(40), workers=1)",
            "result.rows[-1]",
            "def hangs(batch):\\n    open(%r, 'w').close()\\n    time.sleep(60)\\n"
            "bscore.score(run=hangs, inputs=[1, 2], workers=1, name='stopped')" % mark,
            "bscore.score(run=lambda batch: ['alive'], inputs=[1], workers=1).rows[0]",
            "def inner(n):\\n    return 1 / n\\n"
            "bscore.score(run=lambda batch: [inner(n) for n in batch], inputs=[0], workers=1, run_max_try=1)",
        ]
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        manager = KernelManager(kernel_name="python3")
        client = NotebookClient(book, km=manager, timeout=50, allow_errors=True)

        def press_stop():
            while not os.path.exists(mark): time.sleep(0.02)
            manager.interrupt_kernel()

        threading.Thread(target=press_stop, daemon=True).start()
        client.execute()
        shown = book.cells[0].outputs
        stop = [out for out in book.cells[2].outputs if out.output_type == "error"]
        from bscore.logtree.history import read_history
        from bscore.logtree.source import LocalSource
        job = os.path.join(os.environ["BSCORE_HOME"], "jobs", "stopped")
        from pathlib import Path
        say(
            kinds=[out.output_type for out in shown],
            html=shown[0].data["text/html"],
            last=book.cells[1].outputs[0].data["text/plain"],
            stop=[(out.ename, out.evalue) for out in stop],
            outcome=str(read_history(LocalSource(Path(job))).run.outcome),
            stop_said=[out.text for out in book.cells[2].outputs if out.output_type == "stream"],
            after=book.cells[3].outputs[-1].data["text/plain"],
            raised=[out.text for out in book.cells[4].outputs if out.output_type == "stream"],
        )
        """,
    )
    assert facts["kinds"] == ["display_data"], "one display, updated in place"
    assert 'progress value="1.0000"' in facts["html"]
    assert "100 %" in facts["html"]
    assert "Completed" in facts["html"]
    assert facts["last"] == "117"
    assert facts["stop"] == [
        ["ScoreInterrupted", "Job stopped was canceled; go on with: bscore job resume stopped"]
    ]
    assert facts["outcome"] == "Canceled"
    assert facts["after"] == "'alive'"
    (said,) = facts["stop_said"]
    assert "asked for by the stop button" in said
    assert said.endswith("Stop again to end at once.\n")
    assert "Ctrl-C" not in said
    assert "return 1 / n" in facts["raised"][0], "a trace shows the line of the cell"
