"""`bscore-tui`: the monitor's command line. Textual is loaded only where a screen is drawn."""

from __future__ import annotations

import errno
import locale
import os
import shutil
import sys
from collections.abc import Mapping, Sequence

import click

from bscore.errors import BscoreError, UsageError, unforeseen
from bscore.logtree.source import LocalSource
from bscore.spec.streams import fill_standard_streams
from bscore_tui.reading import plain
from bscore_tui.reading.jobs import find_tree
from bscore_tui.reading.reader import JobReader
from bscore_tui.views.styles import ASCII, UNICODE, Options


def needs_ascii(environ: Mapping[str, str], encoding: str, *, coerced: bool = False) -> bool:
    """Whether only ASCII can be drawn: the locale is not UTF-8, or the terminal is one without its glyphs.

    `coerced`: Python writes UTF-8 although the locale is C; it may have set LC_CTYPE itself (PEP 538, 540).
    """
    ctype = "" if coerced else environ.get("LC_CTYPE")
    named = environ.get("LC_ALL") or ctype or environ.get("LANG") or "utf8"
    unicode = all("utf8" in name.lower().replace("-", "") for name in (named, encoding))
    return environ.get("TERM") in ("linux", "dumb") or not unicode


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("job", required=False)
@click.option("--once", is_flag=True, help="Print the overview as text and leave.")
@click.option(
    "--plain", "as_lines", is_flag=True, help="Print one line per change; usual without a terminal."
)
@click.option("--json", "as_json", is_flag=True, help="Print the state as JSON and leave.")
@click.option("--ascii", "ascii_only", is_flag=True, help="Draw with ASCII characters only.")
@click.option("--read-only", is_flag=True, help="Offer nothing that acts on the job.")
@click.option("--bell", is_flag=True, help="Ring when the job ends.")
@click.version_option(package_name="bscore")
def command(
    job: str | None,
    *,
    once: bool,
    as_lines: bool,
    as_json: bool,
    ascii_only: bool,
    read_only: bool,
    bell: bool,
) -> None:
    """Watch JOB (a name, its beginning, 'last', or a directory), live or after it has ended.

    The exit code says how the job is: 0 Completed or running, 1 Failed, 3 Canceled, 4 NotResponding.
    """
    encoding = sys.stdout.encoding or locale.getpreferredencoding(do_setlocale=False)
    use_ascii = ascii_only or needs_ascii(os.environ, encoding, coerced=bool(sys.flags.utf8_mode))
    options = Options(glyphs=ASCII if use_ascii else UNICODE)
    # A dumb terminal cannot put a character where it belongs.
    has_terminal = sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    if once or as_json or as_lines or not has_terminal:
        sys.exit(_written(job or "last", options, once=once, as_json=as_json))
    # Loading Textual takes longer than all the rest: only a screen needs it.
    from bscore_tui.app import run_app

    sys.exit(run_app(job, ascii_only=use_ascii, read_only=read_only, bell=bell))


def _written(job: str, options: Options, *, once: bool, as_json: bool) -> int:
    """As `_as_text`; here, for click would make an exit code of its own of a reader that left."""
    try:
        code = _as_text(job, options, once=once, as_json=as_json)
        sys.stdout.flush()
    except BrokenPipeError:
        # What is still in the buffer would be written when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise UsageError(f"The output cannot be written: {error.strerror}.") from None
    return code


def _as_text(job: str, options: Options, *, once: bool, as_json: bool) -> int:
    reader = JobReader(LocalSource(find_tree(job, os.environ)))
    if as_json:
        return plain.print_json(reader, sys.stdout)
    if once:
        size = shutil.get_terminal_size((100, 30))
        return plain.print_once(reader, sys.stdout, max(size.columns, 60), max(size.lines, 20), options)
    return plain.follow_plain(reader, sys.stdout, options)


def main(arguments: Sequence[str] | None = None) -> None:
    """The entry point: prints every error of ours in one place, never a traceback."""
    fill_standard_streams()
    try:
        command.main(args=list(arguments) if arguments is not None else None, standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except KeyboardInterrupt:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except BscoreError as error:
        click.echo(f"bscore-tui: {error}", err=True)
        sys.exit(error.exit_code)
    except OSError as error:
        # Only click's own --help and --version print outside of what is guarded above.
        said = unforeseen(error)
        if said is None and error.errno != errno.ENOSPC:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        click.echo(f"bscore-tui: {said or f'The output cannot be written: {error.strerror}.'}", err=True)
        sys.exit(2)
