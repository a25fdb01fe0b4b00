"""The command line `luochui`: one noun a module, imported only when it is used.

A module of a noun has either `app`, a `typer.Typer` with commands of its own, or `command`, a function that
is the command; `NOUNS` lists it with the line that `luochui --help` shows. What does not belong here: what a
command does.
"""

import sys
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from exchange import __version__
from gateways.cli.help_layout import laid_out
from gateways.cli.outcomes import MEANINGS, code_of

NOUNS = {
    "run": "Start the exchange. 启动交易所",
    "engine": "Start the engine of one shard. 启动一个分片的引擎",
    "gateway": "Start a gateway to engines elsewhere. 启动网关",
    "bid": "Bid on a lot, leave a max bid, or watch. 报价、设定代理报价或观看",
    "rulebook": "The rules that sales are published under. 查看与检查竞价规则",
    "simulate": "Play a lot under a rulebook in simulated time. 按规则模拟一场竞价",
    "lot": "Put up a lot, its photos, papers and notices. 发布标的、照片、文件与公告",
    "relist": "Sell again what passed, at the legal reduction. 流拍标的再次竞价",
    "replay": "Run recorded auctions against an exchange and compare. 重放历史拍卖并比对",
    "journal": "Read and prove the record of sales. 查看与核验成交日志",
    "backup": "Copies of the database, and any moment back from them. 备份数据库，恢复到任一时刻",
    "shards": "Which engine decides which lots; move a lot. 查看分片、迁移标的",
    "ledger": "Deposits, exports and the proof of the books. 保证金、账簿导出与核验",
    "audit": "Prove the record of who did what. 核验操作审计记录",
    "admin": "Make accounts and tokens. 管理账户与令牌",
    "config": "Show, check and document the configuration. 查看、检查与说明配置",
}

EXIT_CODES = "Exit codes 退出码:  " + "  ·  ".join(f"{code} {text}" for code, text in MEANINGS.items())


class NounGroup(TyperGroup):
    """The nouns of the command line; a noun's module is imported when it is called, not for the overview."""

    # The class of a context is private to typer, so it has no name here.

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the nouns in the order of `NOUNS`."""
        return list(NOUNS)

    def get_command(self, ctx: Any, cmd_name: str) -> TyperCommand | None:
        """Return the outline of a noun: its name and its line of help."""
        return TyperCommand(cmd_name, help=NOUNS[cmd_name]) if cmd_name in NOUNS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Return the noun that is called, imported."""
        name, outline, rest = super().resolve_command(ctx, args)
        return name, load_noun(name) if name is not None else outline, rest

    def invoke(self, ctx: Any) -> object:
        """Run a command and end with its exit code, whatever happens."""
        try:
            return super().invoke(ctx)
        except (typer.TyperException, typer.Exit, typer.Abort, BrokenPipeError):
            raise
        except Exception as error:
            raise typer.Exit(code_of(error)) from error


app = typer.Typer(
    name="luochui",
    cls=NounGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog=EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def root(
    version: bool = typer.Option(False, "--version", help="Print the version and end. 显示版本后退出"),
) -> None:
    """Luochui 落槌 — an open, real-time auction exchange for public resources. 公共资源实时竞价交易所"""
    if version:
        python = ".".join(str(part) for part in sys.version_info[:3])
        typer.echo(f"luochui {__version__} (Python {python})")
        raise typer.Exit


def load_noun(name: str) -> Any:
    """Import a noun's module and return its command.

    Raises: ImportError when the module is absent: `NOUNS` promises it.
    """
    module = import_module(f"gateways.cli.{name}")
    noun = getattr(module, "app", None)
    if noun is None:
        noun = typer.Typer(add_completion=False)
        noun.command(name, help=f"{NOUNS[name]}\n\n{module.command.__doc__ or ''}")(module.command)
    command = typer.main.get_command(noun)
    command.name = name
    command.help = command.help or NOUNS[name]
    laid_out(command)
    return command
