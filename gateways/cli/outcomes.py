"""How a command ends: exit codes that scripts may rely on, and the exceptions that lead to them."""

import enum
import traceback

import typer


class ExitCode(enum.IntEnum):
    """Exit codes of `luochui`; a number keeps its meaning for ever."""

    OK = 0
    REFUSED = 1
    USAGE = 2
    UNREACHABLE = 3
    CONFIGURATION = 4
    INTERNAL = 70


MEANINGS = {
    ExitCode.OK: "done 成功",
    ExitCode.REFUSED: "refused or failed 被拒绝或失败",
    ExitCode.USAGE: "wrong usage 用法错误",
    ExitCode.UNREACHABLE: "the exchange cannot be reached 无法连接交易所",
    ExitCode.CONFIGURATION: "configuration problem 配置有误",
    ExitCode.INTERNAL: "internal error 内部错误",
}


class CommandFailed(Exception):
    """A command cannot do what was asked, for a reason that the person should read.

    Args:
        message: what is wrong and what to do, in one or two lines.
        code: how the process ends.
    """

    def __init__(self, message: str, code: ExitCode = ExitCode.REFUSED) -> None:
        super().__init__(message)
        self.code = code


def code_of(error: Exception) -> ExitCode:
    """Tell the person what went wrong, on standard error, and return the exit code for it."""
    from exchange.migrations import MigrationError
    from exchange.postgres_troubles import EmbeddedPostgresError
    from exchange.rulebooks.library import RulebooksUnusable
    from exchange.setting_sources import SettingsProblems
    from gateways.client.addresses import NotAnAddress

    if isinstance(error, SettingsProblems):
        typer.echo(f"Configuration problems 配置有误:\n{error}", err=True)
        return ExitCode.CONFIGURATION
    if isinstance(error, RulebooksUnusable):
        typer.echo(f"Rulebooks that cannot be used 规则文件有误:\n{error}", err=True)
        return ExitCode.CONFIGURATION
    if isinstance(error, NotAnAddress):
        typer.echo(str(error), err=True)
        return ExitCode.USAGE
    if isinstance(error, CommandFailed):
        typer.echo(str(error), err=True)
        return error.code
    if isinstance(error, EmbeddedPostgresError | MigrationError):
        typer.echo(str(error), err=True)
        return ExitCode.REFUSED
    traceback.print_exception(error)
    typer.echo(
        "Internal error; the lines above belong into a report. 内部错误，请将以上内容附于报告。", err=True
    )
    return ExitCode.INTERNAL
