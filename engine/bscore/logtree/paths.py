"""Where everything of a job lies, relative to the job's directory. Pure: names only.

`node` is a node's id (its IP address), `process` a worker's name on it (`process003`).
"""

from __future__ import annotations

JOB_FILE = "job.yml"
DRIVER_LOG = "azureml-logs/70_driver_log.txt"
README = "logs/readme.txt"
OVERVIEW = "logs/job_progress_overview.txt"
JOB_RESULT = "logs/job_result.txt"
JOB_ERROR = "logs/job_error.txt"
JOURNAL = "logs/sys/master_role.txt"
REPORTS = "logs/sys/job_report"
MINI_BATCHES_REPORT = f"{REPORTS}/processed_mini-batches.csv"
PROCESS_REPORT = f"{REPORTS}/process_summary.csv"
NODE_REPORT = f"{REPORTS}/node_summary.csv"
USER_ERRORS = "logs/user/error.txt"
USER_WARNINGS = "logs/user/warning.txt"
OUTPUT = "outputs/score"
CHECKPOINT = "checkpoint"
MANIFEST = "checkpoint/manifest"
MANIFEST_INDEX = "checkpoint/manifest.index"
SNAPSHOTS = "checkpoint/snapshots"
LOCK = "checkpoint/lock"
LEASE = "checkpoint/lease"
#: Where the directory was made or moved to; tells it from a copy.
PLACE = "checkpoint/place"
SPOOL = "checkpoint/spool"
TERM_CLAIMS = "checkpoint/term.*"
MODEL = "checkpoint/model"
#: What Python code handed over: its functions, and items that are no files.
FUNCTION = "checkpoint/function/function.dill"
BLOCKS = "checkpoint/items"
CONTROL = "control"
#: The items of the small job that `job debug` makes of one mini-batch; no other job has it.
DEBUGGED = "checkpoint/mini-batch.txt"


def journal_of_term(term: int) -> str:
    """The journal of an earlier term, once a later one has begun."""
    return f"logs/sys/master_role.{term}.txt"


def term_claim(term: int) -> str:
    """The file whose exclusive creation claims a term; it holds why the master of it gave up."""
    return f"checkpoint/term.{term}"


def agent_log(node: str) -> str:
    """What the agent of a node says."""
    return f"logs/sys/node/{node}/_main.txt"


def worker_log(node: str, process: str) -> str:
    """Every mini-batch a worker picked and finished."""
    return f"logs/sys/node/{node}/{process}.txt"


def template_log(node: str) -> str:
    """What libraries print that a node's workers share, while they are imported."""
    return f"logs/sys/node/{node}/_template.txt"


def raw_stdout(node: str, process: str) -> str:
    """Descriptor 1 of a worker."""
    return f"logs/sys/node/{node}/{process}.stdout.txt"


def raw_stderr(node: str, process: str) -> str:
    """Descriptor 2 of a worker."""
    return f"logs/sys/node/{node}/{process}.stderr.txt"


def profile(node: str, process: str) -> str:
    """What profiling_module measured."""
    return f"logs/sys/node/{node}/{process}.profile"


def level_log(level: str, node: str, name: str) -> str:
    """The ERROR (`error`) or WARNING (`warning`) lines of one writer (`_main` or a process)."""
    return f"logs/sys/{level}/{node}/{name}.txt"


def user_stdout(node: str, process: str) -> str:
    """print() and logging of the script."""
    return f"logs/user/stdout/{node}/{process}.stdout.txt"


def user_stderr(node: str, process: str) -> str:
    """sys.stderr of the script."""
    return f"logs/user/stderr/{node}/{process}.stderr.txt"


def user_error(node: str, process: str) -> str:
    """Whole stack traces of the script."""
    return f"logs/user/error/{node}/{process}.txt"


def entry_script_log(node: str, process: str) -> str:
    """EntryScript().logger."""
    return f"logs/user/entry_script_log/{node}/{process}.log.txt"


def process_listing(node: str, hour: str, minute: str) -> str:
    """Output of ps; `hour` is %Y%m%d%H and `minute` %M."""
    return f"logs/perf/{node}/os/{hour}/processes_{minute}"


def node_resources(node: str) -> str:
    """CPU, memory, disk and network of a node."""
    return f"logs/perf/{node}/node_resource_usage.csv"


def node_disk(node: str) -> str:
    """Disk space of a node."""
    return f"logs/perf/{node}/node_disk_usage.csv"


def process_resources(node: str) -> str:
    """Resources of the agent and of each worker."""
    return f"logs/perf/{node}/processes_resource_usage.csv"


def heartbeat(node: str) -> str:
    """The agent's heartbeat, every few seconds."""
    return f"logs/perf/{node}/heartbeat.csv"


def lone_heartbeat(node: str) -> str:
    """The same where the monitor of resources is off, and nothing lies below `logs/perf`."""
    return f"logs/sys/node/{node}/heartbeat.csv"


def part_file(output_file_name: str, term: int, mark: str = "") -> str:
    """Rows of one term, beside the final file; `mark` tells the job's from those of every other job."""
    return f".{output_file_name}.{term}.{mark}.part" if mark else f".{output_file_name}.{term}.part"


def split_worker(worker: str) -> tuple[str, str]:
    """`10.0.0.4/process003` as (node, process)."""
    node, _, process = worker.rpartition("/")
    return node, process
