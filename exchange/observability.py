"""How the process speaks about itself: structured log lines, on the terminal and in a file.

What belongs here is the set-up of logging. What does not: metrics (each room counts its own), and the record
of a sale, which is the journal and never a log.
"""

import logging
import logging.handlers
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import orjson
import structlog
from structlog.typing import EventDict, Processor

LOG_FILE_BYTES_MAX = 20_000_000
LOG_FILES_KEPT = 5


def configure_logging(
    level: str = "info",
    format: str = "auto",
    file: Path | None = None,
    stream: TextIO | None = None,
    terminal_level: str | None = None,
) -> None:
    """Send the log of the whole process, that of libraries included, to the terminal and to a file.

    Calling it again replaces what was set up before.

    Args:
        level: least severe level that is logged: debug, info, warning or error.
        format: form on the terminal: json, console, or auto (console on a terminal, else json).
        file: takes JSON lines; rotated, so that at most `LOG_FILES_KEPT` older files remain. None: no file.
        stream: the terminal; standard error when None.
        terminal_level: least severe level that the terminal shows as well; that of the log when None.

    Raises: OSError when the file cannot be opened.
    """
    terminal = stream or sys.stderr
    is_console = format == "console" or (format == "auto" and terminal.isatty())
    console = structlog.dev.ConsoleRenderer(
        # The pretty form prints local variables, and those may be secrets.
        colors=terminal.isatty(),
        exception_formatter=structlog.dev.plain_traceback,
    )
    handlers: list[logging.Handler] = [logging.StreamHandler(terminal)]
    handlers[0].setLevel((terminal_level or level).upper())
    handlers[0].setFormatter(_formatter(console if is_console else _json_line))
    if file is not None:
        handlers.append(_file_handler(file))
    logging.basicConfig(level=level.upper(), handlers=handlers, force=True)
    # Each request has a metric and, where it matters, an event of its own; a line each would add nothing.
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_enrichment(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _enrichment() -> list[Processor]:
    """Return what every line gets, whether it comes from us or from a library."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]


def _formatter(render: Callable[..., Any]) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_enrichment(),
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
    )


def _file_handler(file: Path) -> logging.Handler:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handler = logging.handlers.RotatingFileHandler(
        file, maxBytes=LOG_FILE_BYTES_MAX, backupCount=LOG_FILES_KEPT, encoding="utf-8"
    )
    handler.setFormatter(_formatter(_json_line))
    return handler


def _json_line(logger: object, name: str, event: EventDict) -> str:
    """Render one line; what JSON does not know is written as text: logging never fails over a value."""
    with_error = structlog.processors.format_exc_info(logger, name, event)
    return orjson.dumps(with_error, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
