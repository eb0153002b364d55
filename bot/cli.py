"""`xiaodan`: every command. Exit status 0 done, 1 did not work (with a sentence why), 2 wrong use."""

from __future__ import annotations

import sys

import typer

from bot.commands import (
    asking,
    assistants,
    benching,
    connectors,
    doctor,
    importing,
    keeping,
    learning,
    lookup,
    mapping,
    people,
    proving,
    rules,
    serving,
    stocking,
)
from domain.errors import BadInput, DeskError, Refused

app = typer.Typer(
    name="xiaodan",
    help="小单：住在工作群里的订单助手。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for group in (
    serving,
    asking,
    assistants,
    importing,
    mapping,
    lookup,
    keeping,
    learning,
    proving,
    stocking,
    people,
    rules,
    connectors,
    benching,
    doctor,
):
    group.register(app)


def main() -> None:
    """Run a command; an error raised on purpose is one sentence, not a trace."""
    try:
        app()
    except (BadInput, Refused) as known:
        typer.echo(known.sentence, err=True)
        sys.exit(1)
    except DeskError as known:
        typer.echo(f"没有办成：{known}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
