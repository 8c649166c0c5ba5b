"""One line of every kind of record, beside its event: both directions are tested on these.

They are the format: a line here that no longer decodes is a journal that no longer opens.
"""

from __future__ import annotations

from bscore.core import events as ev
from bscore.core.limits import Limits

PID = 356
THREAD = 140501711763200
_AT = 1_761_234_567_123_456
_WORKER = "10.0.0.4/process003"

_SAMPLES: tuple[tuple[ev.Event, str, str], ...] = (
    (
        ev.TermStarted(
            _AT,
            "nightly-scoring",
            term=2,
            format=1,
            version="0.1.0",
            host="host-a",
            boot_id="1b4e28ba-2fa1-11d2-883f-0016d3cca427",
            pid=356,
            previous_bytes=1234567,
        ),
        "INFO",
        (
            "TermStarted job=nightly-scoring term=2 format=1 version=0.1.0 host=host-a "
            "boot_id=1b4e28ba-2fa1-11d2-883f-0016d3cca427 pid=356 previous_bytes=1234567"
        ),
    ),
    (
        ev.RunConfigured(
            _AT,
            "score.py",
            script_hash="9f86d081884c7d65",
            interpreter="/usr/bin/python3.9",
            output="outputs/score/predictions.csv",
            mini_batch_size=10,
            limits=Limits(),
        ),
        "INFO",
        (
            "RunConfigured script=score.py script_hash=9f86d081884c7d65 interpreter=/usr/bin/python3.9 "
            "output=outputs/score/predictions.csv mini_batch_size=10 run_invocation_timeout_s=60.0 "
            "task_overhead_timeout_s=30.0 tries=3 error_threshold=-1 allowed_failed_count=-1 "
            "allowed_failed_percent=100.0 first_task_creation_timeout_s=600.0 "
            "progress_update_timeout_s=- node_silent_s=10.0 needs_results=yes retry_short_returns=no"
        ),
    ),
    (
        ev.NodeJoined(_AT, "10.0.0.4", host="host-b", cpus=16, memory_mb=64310, workers=8),
        "INFO",
        "NodeJoined node=10.0.0.4 host=host-b cpus=16 memory_mb=64310 workers=8",
    ),
    (
        ev.NodeLost(_AT, "10.0.0.4", reason="nothing heard for 10 s"),
        "ERROR",
        'NodeLost node=10.0.0.4 reason="nothing heard for 10 s"',
    ),
    (ev.NodeBack(_AT, "10.0.0.4"), "INFO", "NodeBack node=10.0.0.4"),
    (ev.MiniBatchesCreated(_AT, 276, items=551), "INFO", "MiniBatchesCreated mini_batches=276 items=551"),
    (ev.ListingFinished(_AT, 276, items=551), "INFO", "ListingFinished mini_batches=276 items=551"),
    (
        ev.ListingFailed(_AT, "/data/in: Permission denied"),
        "ERROR",
        'ListingFailed reason="/data/in: Permission denied"',
    ),
    (
        ev.InputsChanged(_AT, 1, changed=2, added=0, first_names=("a.csv", "données/b 1.csv")),
        "INFO",
        'InputsChanged missing=1 changed=2 added=0 first_names=a.csv,"données/b 1.csv"',
    ),
    (ev.WorkerStarting(_AT, _WORKER, pid=4711), "INFO", "WorkerStarting worker=10.0.0.4/process003 pid=4711"),
    (
        ev.WorkerReady(_AT, _WORKER, init_ns=2929926, python="3.9.18"),
        "INFO",
        "WorkerReady worker=10.0.0.4/process003 init_ns=2929926 python=3.9.18",
    ),
    (
        ev.InitFailed(
            _AT,
            _WORKER,
            kind=ev.FailureKind.EXCEPTION,
            error_type="OSError",
            message="model.pkl: No such file",
            place="score.py:7 in init",
            trace="logs/user/error/10.0.0.4/process003.txt@0",
        ),
        "ERROR",
        (
            'InitFailed worker=10.0.0.4/process003 kind=exception error_type=OSError message="model.pkl: '
            'No such file" place="score.py:7 in init" trace=logs/user/error/10.0.0.4/process003.txt@0'
        ),
    ),
    (
        ev.ShutdownFailed(
            _AT, _WORKER, ev.FailureKind.EXCEPTION, "OSError", "disk is full", "score.py:9 in shutdown", ""
        ),
        "ERROR",
        (
            'ShutdownFailed worker=10.0.0.4/process003 kind=exception error_type=OSError message="disk is '
            'full" place="score.py:9 in shutdown" trace=""'
        ),
    ),
    (
        ev.WorkerStopping(_AT, _WORKER, reason="no more work"),
        "INFO",
        'WorkerStopping worker=10.0.0.4/process003 reason="no more work"',
    ),
    (
        ev.WorkerGone(
            _AT,
            _WORKER,
            exit_code=None,
            signal=9,
            cause="killed by signal 9 (out of memory?)",
            init_failed=False,
        ),
        "WARNING",
        (
            'WorkerGone worker=10.0.0.4/process003 exit_code=- signal=9 cause="killed by signal 9 (out '
            'of memory?)" init_failed=no'
        ),
    ),
    (
        ev.WorkerGone(_AT, _WORKER, None, 9, "the run is complete", init_failed=False, ordered=True),
        "INFO",
        (
            'WorkerGone worker=10.0.0.4/process003 exit_code=- signal=9 cause="the run is complete" '
            "init_failed=no ordered=yes"
        ),
    ),
    (
        ev.WorkerGone(
            _AT, _WORKER, 0, None, "exit code 0: ended by os._exit()", init_failed=False, ordered=False
        ),
        "WARNING",
        (
            'WorkerGone worker=10.0.0.4/process003 exit_code=0 signal=- cause="exit code 0: ended by '
            'os._exit()" init_failed=no ordered=no'
        ),
    ),
    (
        ev.Assigned(_AT, _WORKER, pairs=((17, 8), (30, 1))),
        "INFO",
        "Assigned worker=10.0.0.4/process003 ids=17-24,30",
    ),
    (
        ev.ItemsMissing(_AT, mini_batch=24, items=3, first="/data/a b.csv"),
        "ERROR",
        'ItemsMissing id=24 items=3 first="/data/a b.csv"',
    ),
    (
        ev.WithdrawalAsked(_AT, _WORKER, pairs=((24, 1),)),
        "INFO",
        "WithdrawalAsked worker=10.0.0.4/process003 ids=24",
    ),
    (ev.Withdrawn(_AT, _WORKER, pairs=()), "INFO", "Withdrawn worker=10.0.0.4/process003 ids="),
    (
        ev.Finished(
            _AT,
            _WORKER,
            mini_batch=17,
            attempt=1,
            start=1761234564860523,
            elapsed_ns=2262827191,
            process_ns=523817276,
            run_ns=87925033,
            items=10,
            succeeded=10,
            rows=10,
            nbytes=345,
            stdout=120,
            stderr=0,
            log=0,
        ),
        "INFO",
        (
            "Finished id=17 worker=10.0.0.4/process003 late=106 took=2262827191 cpu=523817276 "
            "run=87925033 items=10 bytes=345 logs=120,0,0"
        ),
    ),
    (
        ev.Finished(
            _AT,
            _WORKER,
            mini_batch=18,
            attempt=2,
            start=1761234564860523,
            elapsed_ns=2262827191,
            process_ns=523817276,
            run_ns=87925033,
            items=10,
            succeeded=8,
            rows=16,
            nbytes=345,
            stdout=-1,
            stderr=-1,
            log=-1,
        ),
        "INFO",
        (
            "Finished id=18 try=2 worker=10.0.0.4/process003 late=106 took=2262827191 cpu=523817276 "
            "run=87925033 items=10 ok=8 rows=16 bytes=345 logs=-1,-1,-1"
        ),
    ),
    (
        ev.AttemptFailed(
            _AT,
            _WORKER,
            mini_batch=19,
            attempt=1,
            kind=ev.FailureKind.EXCEPTION,
            start=1761234477122644,
            elapsed_ns=90000000000,
            process_ns=1335735,
            run_ns=160298719,
            items=10,
            error_type="ValueError",
            message='bad "row"\n\x1b[31m',
            place="score.py:12 in run",
            trace="logs/user/error/10.0.0.4/process003.txt@1234",
            item="in/0000019.csv",
            exit_code=None,
            signal=None,
            stdout=120,
            stderr=0,
            log=0,
        ),
        "ERROR",
        (
            "AttemptFailed worker=10.0.0.4/process003 id=19 try=1 kind=exception took=90000000000 "
            'cpu=1335735 run=160298719 items=10 error_type=ValueError message="bad \\"row\\"\\n\\u001b[31m" '
            'place="score.py:12 in run" trace=logs/user/error/10.0.0.4/process003.txt@1234 '
            "item=in/0000019.csv exit_code=- signal=- stdout=120 stderr=0 log=0 late=812"
        ),
    ),
    (
        ev.MiniBatchAbandoned(_AT, 19, items=10, reason="3 tries used up"),
        "ERROR",
        'MiniBatchAbandoned id=19 items=10 reason="3 tries used up"',
    ),
    (
        ev.AnswerDropped(_AT, _WORKER, mini_batch=19, attempt=1, reason="attempt 2 is current"),
        "WARNING",
        'AnswerDropped worker=10.0.0.4/process003 id=19 try=1 reason="attempt 2 is current"',
    ),
    (
        ev.StacksTaken(
            _AT,
            _WORKER,
            mini_batch=20,
            place="score.py:40 in wait",
            trace="logs/user/error/10.0.0.4/process003.txt@5678",
        ),
        "INFO",
        (
            'StacksTaken worker=10.0.0.4/process003 id=20 place="score.py:40 in wait" '
            "trace=logs/user/error/10.0.0.4/process003.txt@5678"
        ),
    ),
    (
        ev.Committed(_AT, 4711, part_bytes=123456, rows=1200, crc=3735928559),
        "INFO",
        "Committed upto_event=4711 part_bytes=123456 rows=1200 crc=3735928559",
    ),
    (
        ev.RequestTaken(_AT, "abandon", arguments="19-20", who="alice", where="host-c"),
        "INFO",
        "RequestTaken what=abandon arguments=19-20 who=alice where=host-c",
    ),
    (
        ev.RequestTaken(_AT, "stack", "process9", "alice", "host-c", "17-42-stack", "No such worker.", False),
        "INFO",
        (
            "RequestTaken what=stack arguments=process9 who=alice where=host-c request=17-42-stack "
            'answer="No such worker." granted=no'
        ),
    ),
    (
        ev.RemainingAbandoned(_AT, mini_batches=900000, items=9000000, reason="asked for by alice on host-c"),
        "WARNING",
        'RemainingAbandoned mini_batches=900000 items=9000000 reason="asked for by alice on host-c"',
    ),
    (
        ev.AbandonedReturned(_AT, mini_batches=3, items=30),
        "INFO",
        "AbandonedReturned mini_batches=3 items=30",
    ),
    (
        ev.ColumnsSeen(_AT, _WORKER, 7, "table", ("file", "score"), count=2, digest=3735928559),
        "INFO",
        "ColumnsSeen worker=10.0.0.4/process003 id=7 form=table columns=file,score count=2 digest=3735928559",
    ),
    (
        ev.FindingMade(_AT, "slow-node", text="10.0.0.9 needs 4.1 times as long as the others."),
        "WARNING",
        'FindingMade code=slow-node text="10.0.0.9 needs 4.1 times as long as the others."',
    ),
    (
        ev.EarlierRunFound(_AT, "nightly-0410", mini_batch_size=10, durations_us=(1700, 2100, 90000)),
        "INFO",
        "EarlierRunFound job=nightly-0410 mini_batch_size=10 durations_us=1700,2100,90000",
    ),
    (
        ev.EarlierRunFound(_AT, "nightly-0410", 10, (1700, 2100, 90000), start_us=20_150_000),
        "INFO",
        "EarlierRunFound job=nightly-0410 mini_batch_size=10 durations_us=1700,2100,90000 start_us=20150000",
    ),
    (
        ev.WarningsSeen(
            _AT,
            _WORKER,
            source="logging",
            category="WARNING:root",
            shape="cannot read %s",
            place="score.py:12 in run",
            message="cannot read a.csv",
            mini_batch=19,
            count=64,
            first_at=_AT - 1_000_000,
            last_at=_AT,
        ),
        "WARNING",
        (
            "WarningsSeen worker=10.0.0.4/process003 source=logging category=WARNING:root "
            'shape="cannot read %s" place="score.py:12 in run" message="cannot read a.csv" id=19 count=64 '
            f"first_at={_AT - 1_000_000} last_at={_AT}"
        ),
    ),
    (ev.ClockJumped(_AT, -3600.25), "WARNING", "ClockJumped seconds=-3600.25"),
    (ev.Finalizing(_AT, 123456, rows=1200), "INFO", "Finalizing bytes=123456 rows=1200"),
    (
        ev.RunEnded(_AT, ev.Outcome.FAILED, reason="No progress update in 270 seconds.", output=""),
        "ERROR",
        'RunEnded outcome=Failed reason="No progress update in 270 seconds." output=""',
    ),
    (
        ev.UnknownEvent(_AT, "Rebalanced", text="nodes=3"),
        "INFO",
        'UnknownEvent name=Rebalanced text="nodes=3"',
    ),
)

#: (event, its line as process PID and thread THREAD write it).
SAMPLES: tuple[tuple[ev.Event, str], ...] = tuple(
    (event, f"2025-10-23 15:49:27,123|{level}|{PID}|{THREAD}|{body} us=456\n")
    for event, level, body in _SAMPLES
)
