"""Why the embedded PostgreSQL cannot do what was asked, in words that say what to do, in both languages.

Belongs here: the exceptions of `exchange.embedded_postgres`, and their texts. Does not belong here: finding out.
"""

import os
import pwd
from pathlib import Path


class EmbeddedPostgresError(Exception):
    """The embedded server cannot do what was asked; the text says why and what to do, in both languages."""

    def __init__(self, message: str, message_zh: str) -> None:
        super().__init__(f"{message}\n{message_zh}")
        self.message = message
        self.message_zh = message_zh


class ServerBinariesMissing(EmbeddedPostgresError):
    """The wheel with the server's programs is not installed."""


class DataDirectoryInUse(EmbeddedPostgresError):
    """Another process uses this folder."""


class DataDirectoryForeign(EmbeddedPostgresError):
    """The folder belongs to another account."""


class DataDirectoryOfOtherVersion(EmbeddedPostgresError):
    """The cluster was made by another major version of PostgreSQL."""


class DataDirectoryUnreachable(EmbeddedPostgresError):
    """No account that PostgreSQL accepts can reach the folder or the server's programs."""


class ServerDidNotStart(EmbeddedPostgresError):
    """The server, or the making of its cluster, ended or did not get ready in time."""


def belongs_to_another(directory: Path, owner_id: int) -> DataDirectoryForeign:
    owner, we = _account_name(owner_id), _account_name(os.geteuid())
    return DataDirectoryForeign(
        f"{directory} belongs to {owner}, and this is {we}: run as {owner}, or give another --data-dir.",
        f"{directory} 属于用户 {owner}，当前用户是 {we}：请以 {owner} 运行，或用 --data-dir 指定其他目录。",
    )


def _account_name(user_id: int) -> str:
    try:
        return pwd.getpwuid(user_id).pw_name
    except KeyError:
        return f"uid {user_id}"


def cannot_use(directory: Path, error: OSError) -> DataDirectoryUnreachable:
    return DataDirectoryUnreachable(
        f"{directory} cannot be used ({error.strerror}): "
        "give a folder that this account may write, by --data-dir.",
        f"无法使用 {directory}（{error.strerror}）：请用 --data-dir 指定当前用户可写的目录。",
    )


def unreachable(directory: Path, binaries: Path) -> DataDirectoryUnreachable:
    return DataDirectoryUnreachable(
        "PostgreSQL does not run as root, user namespaces are not allowed here, and the account `nobody` "
        f"cannot reach {directory} or {binaries}: run as an ordinary user, or put both under folders that "
        "everybody may enter (for example /var/lib/luochui and /opt), or give --database-url.",
        "PostgreSQL 不能以 root 运行，本机不允许用户命名空间，且账户 nobody 无法访问 "
        f"{directory} 或 {binaries}：请改用普通用户运行，或将两者放在任何人可进入的目录"
        "（例如 /var/lib/luochui 与 /opt），或使用 --database-url。",
    )


def did_not_start(what: str, log_file: Path) -> ServerDidNotStart:
    tail = read_from(log_file, max(0, log_file.stat().st_size - 2000)) if log_file.exists() else b""
    last_lines = "\n".join(tail.decode("utf-8", "replace").splitlines()[-8:])
    return ServerDidNotStart(
        f"PostgreSQL: {what}. Its last words ({log_file}):\n{last_lines}",
        f"PostgreSQL 未能启动，详见日志 {log_file}。",
    )


def read_from(file: Path, position: int) -> bytes:
    with file.open("rb") as opened:
        opened.seek(position)
        return opened.read()
