"""`logs/readme.txt`: what each file of a job's directory is for. Pure."""

from __future__ import annotations

from bscore.logtree import paths

_NODE, _PROCESS = "<node>", "<process>"

#: (path, purpose) in the order a person looks.
FILES: tuple[tuple[str, str], ...] = (
    (paths.JOB_RESULT, "outcome, counts, causes by frequency, where the rows are; once the job has ended"),
    (paths.OVERVIEW, "progress so far, estimated remaining time, result"),
    (paths.USER_ERRORS, "the script's errors, grouped"),
    (paths.USER_WARNINGS, "warnings of the script and of the run itself, grouped"),
    (paths.user_error(_NODE, _PROCESS), "whole stack traces of the script"),
    (paths.user_stdout(_NODE, _PROCESS), "print() and logging of the script"),
    (paths.user_stderr(_NODE, _PROCESS), "sys.stderr of the script"),
    (paths.entry_script_log(_NODE, _PROCESS), "EntryScript().logger of the script"),
    (paths.JOB_ERROR, "why the job failed, and its errors by frequency; only where something went wrong"),
    (paths.JOURNAL, "the master: one record per event, from which everything else can be derived"),
    (paths.journal_of_term(1), "the same of an earlier term, before the job was resumed"),
    (paths.agent_log(_NODE), "the agent of a node: workers started, ended, killed"),
    (paths.worker_log(_NODE, _PROCESS), "every mini-batch a worker picked and finished, with durations"),
    (paths.raw_stdout(_NODE, _PROCESS), "descriptor 1 of a worker: C libraries, sub-processes"),
    (paths.raw_stderr(_NODE, _PROCESS), "descriptor 2 of a worker"),
    (paths.template_log(_NODE), "what the libraries that workers share print while they are imported"),
    (paths.profile(_NODE, _PROCESS), "what --profiling_module measured"),
    (f"logs/sys/error/{_NODE}/", "only the lines of level ERROR of _main.txt and <process>.txt"),
    (f"logs/sys/warning/{_NODE}/", "only the lines of level WARNING"),
    (paths.MINI_BATCHES_REPORT, "one row per attempt and per loaded script"),
    (paths.PROCESS_REPORT, "the same, added up per process"),
    (paths.NODE_REPORT, "the same, added up per node"),
    (paths.heartbeat(_NODE), "CPU and memory of a node and its workers, every few seconds"),
    (paths.lone_heartbeat(_NODE), "the same with --resource_monitor_interval 0"),
    (paths.node_resources(_NODE), "CPU, memory, disk and network of a node"),
    (paths.node_disk(_NODE), "disk space of a node"),
    (paths.process_resources(_NODE), "resources of the agent and of each worker"),
    (paths.process_listing(_NODE, "<yyyymmddhh>", "<mm>"), "output of ps"),
    (paths.DRIVER_LOG, "the driver: start, command line, outcome"),
    (paths.JOB_FILE, "the job as it ran"),
    (f"{paths.OUTPUT}/", "the rows; the file appears under its name only when it is complete"),
    (f"{paths.CHECKPOINT}/", "what `bscore job resume` needs: inputs, snapshots, lock"),
    (f"{paths.CONTROL}/", "requests to a running job"),
)


def readme() -> str:
    """The text of `logs/readme.txt`."""
    lines = ["Where to look. Paths are relative to the job's directory; times are UTC.", ""]
    for path, purpose in FILES:
        lines += [path, f"    {purpose}"]
    lines += ["", "Watch or replay the job: bscore-tui <job name>"]
    return "\n".join(lines) + "\n"
