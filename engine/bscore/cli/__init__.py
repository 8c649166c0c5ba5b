"""The bscore command: loads one subcommand's file when it is used, prints every error in one place."""

from __future__ import annotations

import difflib
import errno
import importlib
import io
import sys
from typing import Any

import click
from click.shell_completion import CompletionItem

from bscore import __version__
from bscore.errors import BscoreError, unforeseen

EXIT_INTERRUPTED = 130
#: What a stream says that takes nothing.
_OF_STREAMS = frozenset(
    (errno.EPIPE, errno.ENOSPC, errno.EIO, errno.EBADF, errno.EDQUOT, errno.EFBIG, errno.EAGAIN)
)

#: Command → (where it lives, what it is for). Help is printed from here, without importing the command.
_COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("bscore.cli.demo:demo", "Score 1,797 handwritten digits with a trained model, on this machine."),
    "run": ("bscore.cli.run:run", "Run a scoring script over files, in the foreground."),
    "validate": ("bscore.cli.validate:validate", "Check a job without running it."),
    "job": ("bscore.cli.job:job", "Look at jobs and act on them: list, show, resume ..."),
    "environment": (
        "bscore.cli.environment:environment",
        "Interpreters built for scripts: list, delete, prune.",
    ),
}


class LazyGroup(click.Group):
    """A group that imports a subcommand only when it runs, so that `--help` is quick."""

    def __init__(self, *args: Any, commands_at: dict[str, tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.commands_at = commands_at

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order of the table."""
        return list(self.commands_at)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command; a unique beginning is enough."""
        name = self._whole_name(cmd_name, ctx)
        if name is None:
            return None
        module, _, attribute = self.commands_at[name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; a reader that has left is no error of anybody's."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            # Here, for click would make an exit code of its own of it.
            if not _is_of_stdout(error):
                raise
            return 0

    def _whole_name(self, given: str, ctx: click.Context) -> str | None:
        if given in self.commands_at:
            return given
        close = [name for name in self.commands_at if name.startswith(given)]
        if len(close) == 1 or ctx.resilient_parsing:
            return close[0] if len(close) == 1 else None
        if close:
            ctx.fail(f"'{given}' could be {' or '.join(close)}.")
        near = difflib.get_close_matches(given, self.commands_at, n=1)
        if near:
            ctx.fail(f"There is no command '{given}'. Did you mean '{near[0]}'?")
        return None

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Commands and options for the shell, without importing the commands."""
        names = [name for name in self.commands_at if name.startswith(incomplete)]
        items = [CompletionItem(name, help=self.commands_at[name][1]) for name in names]
        return items + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands in --help, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_text) for name, (_, help_text) in self.commands_at.items()])


main_group = LazyGroup(
    name="bscore",
    commands_at=_COMMANDS,
    help="Run batch scoring scripts written for Azure Machine Learning anywhere.\n\n"
    "Data goes to stdout, everything else to stderr. Exit codes: 0 Completed, 1 Failed, 2 wrong use or an "
    "invalid job, 3 Canceled, 4 NotResponding, 130 interrupted.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
click.version_option(__version__, prog_name="bscore")(main_group)


def main() -> None:
    """Run the command line and exit with its code."""
    from bscore.spec.streams import fill_standard_streams

    fill_standard_streams()
    sys.exit(run_command(sys.argv[1:]))


def run_command(arguments: list[str]) -> int:
    """Run one command line; returns the exit code. Errors are printed here and nowhere else."""
    if sys.platform == "win32":
        return _say("bscore does not run on Windows itself; run it inside WSL (wsl --install).", 2)
    try:
        result = main_group.main(arguments, prog_name="bscore", standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        return _say(shown.getvalue().rstrip("\n"), error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        return _say("Interrupted.", EXIT_INTERRUPTED)
    except BscoreError as error:
        return _say(f"Error: {error}", error.exit_code)
    except OSError as error:
        if not _is_of_stdout(error):
            said = unforeseen(error)
            if said is None:
                raise
            return _say(f"Error: {said}", said.exit_code)
        return _say(f"Error: The output cannot be written: {error.strerror}.", 2)
    return result if isinstance(result, int) else 0


def _is_of_stdout(error: OSError) -> bool:
    """Whether it was stdout that refused. If so, what is left is dropped: Python's own flush must not try."""
    from bscore.cli.lasting import lead_nowhere

    if error.filename is not None or error.errno not in _OF_STREAMS:
        return False
    try:
        # What failed may have gone past the buffer: only another write tells.
        sys.stdout.write("\n")
        sys.stdout.flush()
    except OSError:
        lead_nowhere(sys.stdout)
        return True
    return False


def _say(text: str, code: int) -> int:
    from bscore.cli.lasting import narrate

    narrate(text)
    return code
