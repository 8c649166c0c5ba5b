"""One term of a job from start to end: opens it, brings up the agents, goes round, ends it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from bscore.backends.base import Backend
from bscore.backends.local import LocalBackend
from bscore.core import events as e
from bscore.core.instructions import End
from bscore.errors import BscoreError, NotRespondingError, StorageError, TermLostError, in_words
from bscore.logtree import paths
from bscore.master.driver_log import DriverLog
from bscore.master.ending import end_run, finish_run
from bscore.master.job import Job
from bscore.master.lock import Say, silent
from bscore.master.loop import Master, drop_spool, spool_folder
from bscore.master.machine import check_descriptors
from bscore.master.observers import Observer
from bscore.master.overview import Overview
from bscore.master.signals import Stops
from bscore.master.term import Step, Term, open_term
from bscore.node.clock import Clock
from bscore.node.messages import AgentSetup, NodeInfo
from bscore.node.model_layout import MODELS
from bscore.outputs.own_files import make_staging
from bscore.outputs.publish import no_step
from bscore.spec.regular import read_regular

#: No function that was shipped is larger; it goes to every node in one message.
_FUNCTION_BYTES = 1 << 31

MakeBackend = Callable[[Clock], Backend]


def run_job(
    job: Job,
    observers: Sequence[Observer] = (),
    *,
    take_over: bool = False,
    retry_failed: bool = False,
    make_backend: MakeBackend = LocalBackend,
    clock: Clock | None = None,
    step: Step = no_step,
    say: Say = silent,
) -> e.RunEnded:
    """Run a job's next term until it ends; `step` is told the name of each step after it was done.

    `clock` is the term's clock where it is not to be a new one; with `retry_failed` what was abandoned in
    earlier terms is tried again. `say` is told why it does not begin at once.
    Raises BscoreError when it cannot begin or a disk fails (the job can then be resumed), and
    KeyboardInterrupt after a second Ctrl-C or SIGTERM (the job is then Canceled), or a first one before
    it has the job.
    """
    check_descriptors(job.config.workers)
    with Stops() as stops, DriverLog(job.tree, job.config.script, sys.argv) as driver:
        term = open_term(
            job,
            take_over=take_over,
            retry_failed=retry_failed,
            clock=clock,
            step=driver.opening(step),
            say=say,
            sleep=stops.sleep,
        )
        try:
            ended = _run_term(term, make_backend(term.clock), stops, observers, step)
            driver.ended(ended)
        except Exception as error:
            term.lock.leave_word(_why(error))
            if isinstance(error, BscoreError) and not isinstance(error, TermLostError):
                # It has not ended, and nobody works on it: what `job show` says of it, too.
                error.exit_code = NotRespondingError.exit_code
            raise
        finally:
            term.close()
    return ended


def _why(error: Exception) -> str:
    if isinstance(error, BscoreError):
        return str(error)
    return f"bscore broke with {type(error).__name__}: {error}. {paths.DRIVER_LOG} holds the traceback."


def _run_term(
    term: Term, backend: Backend, stops: Stops, observers: Sequence[Observer], step: Step
) -> e.RunEnded:
    everyone = [Overview(term.job.tree, term.run), *observers]
    master = Master(term, backend, stops, everyone)
    try:
        _start_agents(term, backend)
        return end_run(master, master.until_end(), step)
    except KeyboardInterrupt:
        _cancel_at_once(master, stops)
        raise
    finally:
        with contextlib.suppress(BscoreError):
            backend.close()
        drop_spool(term)
        for observer in everyone:
            observer.close(term.run)
        master.close()


def _start_agents(term: Term, backend: Backend) -> None:
    spool = spool_folder(term.job.tree)
    for node in backend.nodes():
        setup = agent_setup(term, node, str(spool))
        try:
            backend.start_agent(setup)
        except OSError as error:
            raise in_words(error, error.filename or term.job.tree) from error
        workers = term.job.config.workers
        now = max(term.clock.now(), term.run.last)
        term.recorder.record(e.NodeJoined(now, node.node, node.host, node.cpus, node.memory_mb, workers))
        term.recorder.vitals.heard[node.node] = now
    term.recorder.flush()


def _cancel_at_once(master: Master, stops: Stops) -> None:
    """A second signal: kill everything first, then keep what is there."""
    for node in list(master.recorder.vitals.heard):
        master.backend.kill(node)
    finish_run(master, End(e.Outcome.CANCELED, f"Canceled at once by {stops.words}."))


def _output_folder(term: Term) -> Path:
    """What the script finds in AZUREML_BI_OUTPUT_PATH, made with the other folders it was told of."""
    config = term.job.config
    try:
        for folder in config.output_folders:
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"The folder {folder} cannot be made: {error.strerror}.") from error
    return config.output if config.append_row else make_staging(term.job.aside)


def _model_folder(term: Term) -> str:
    """The folder for AZUREML_MODEL_DIR; empty for no model.

    It holds the model and nothing else, or several as `azureml-models` does: NAME/VERSION/ITEM.
    """
    config = term.job.config
    folder = term.job.tree / paths.MODEL
    if config.model is not None:
        places = {folder: config.model}
    elif config.models:
        folder /= MODELS
        places = {folder / one.name / one.version: one.path for one in config.models}
    else:
        return ""
    try:
        for place, model in places.items():
            place.mkdir(parents=True, exist_ok=True)
            link = place / model.name
            if not link.is_symlink():
                link.symlink_to(model.absolute(), target_is_directory=model.is_dir())
    except OSError as error:
        raise StorageError(f"The model cannot be linked into {place}: {error.strerror}.") from error
    return str(folder)


def _function(path: Path | None) -> bytes:
    """The shipped functions; nothing for a script."""
    if path is None:
        return b""
    try:
        return read_regular(path, _FUNCTION_BYTES)
    except OSError as error:
        raise StorageError(
            f"The functions of this job cannot be read from {path}: {error.strerror}.",
            remedy="Put the file back, or run the job anew.",
        ) from error


def agent_setup(term: Term, node: NodeInfo, spool: str) -> AgentSetup:
    """All that the agent of a node needs to run this job's script."""
    config = term.job.config
    return AgentSetup(
        node=node.node,
        job=term.job.name,
        term=term.run.term,
        tree=str(term.job.tree),
        spool=spool,
        interpreter=str(config.interpreter or sys.executable),
        code=str(config.code),
        script=config.script,
        arguments=config.arguments,
        environment=dict(config.environment_variables),
        model=_model_folder(term),
        output=str(_output_folder(term)),
        append_row=config.append_row,
        dataframe_header=config.dataframe_header,
        to_csv=dict(config.to_csv),
        limits=config.limits,
        logging_level=config.logging_level,
        profiling_module=config.profiling_module,
        model_name=config.model_name,
        model_version=config.model_version,
        resource_monitor_interval_s=config.resource_monitor_interval_s,
        function=_function(config.function),
        blocks=str(config.blocks or ""),
        typed_rows=config.typed_rows,
        start=config.start,
    )
