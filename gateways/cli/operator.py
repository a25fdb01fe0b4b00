"""The token with which tools on the exchange's own machine act for its operator.

Belongs here: finding it. Does not belong here: making it (`exchange.bootstrap`).
"""

from __future__ import annotations

import os
from pathlib import Path

from exchange.settings import default_data_directory
from gateways.cli.outcomes import CommandFailed, ExitCode

OPERATOR_TOKEN = "operator.token"


def operator_token(data_dir: Path | None) -> str:
    """Return the token that a running exchange on this machine wrote.

    Raises: CommandFailed when there is none to read.
    """
    file = (data_dir or default_data_directory(os.environ)) / OPERATOR_TOKEN
    try:
        return file.read_text(encoding="ascii").strip()
    except OSError as error:
        raise CommandFailed(
            f"No token: {file} cannot be read ({error.strerror}). Give --token, or the --data-dir of the "
            f"running exchange.\n没有令牌：无法读取 {file}。请用 --token，或用 --data-dir 指明交易所的数据目录。",
            ExitCode.USAGE,
        ) from error
