"""Everything that an operator may set: one frozen class, its sources, and what is wrong with what was given.

Sources, the later one wins: defaults, a TOML file, environment variables `LUOCHUI_*`, command-line flags.
What does not belong here: reading settings anywhere but at start-up, and values that are rules of a sale
(those are in a lot's rulebook).
"""

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal, get_args, get_origin
from urllib.parse import urlsplit

from annotated_types import Ge, Le
from pydantic import Field, PrivateAttr, ValidationError, ValidationInfo, field_validator
from pydantic.config import JsonDict
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

ENVIRONMENT_PREFIX = "LUOCHUI_"
CONFIG_VARIABLE = "LUOCHUI_CONFIG"
CONFIG_FILE = "luochui.toml"
SECRET_MASK = "********"

LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["auto", "json", "console"]


def default_data_directory(environment: Mapping[str, str]) -> Path:
    """Return the user's folder for our data: `$XDG_DATA_HOME/luochui` or `~/.local/share/luochui`.

    Raises: ValueError when neither XDG_DATA_HOME nor HOME is set.
    Source: XDG Base Directory Specification; a relative XDG_DATA_HOME is ignored, as it asks.
    """
    shared = Path(environment.get("XDG_DATA_HOME", ""))
    if shared.is_absolute():
        return shared / "luochui"
    home = environment.get("HOME", "")
    if not home:
        raise ValueError("HOME is not set, so there is no default folder for data")
    return Path(home) / ".local" / "share" / "luochui"


class NotAllowed(ValueError):
    """A value that a check refuses, with what may stand there instead, in both languages."""

    def __init__(self, allowed: str, allowed_zh: str) -> None:
        super().__init__(allowed)
        self.allowed = allowed
        self.allowed_zh = allowed_zh


def _zh(text: str) -> JsonDict:
    return {"description_zh": text}


def _range(low: int, high: int) -> tuple[Ge, Le]:
    return Ge(low), Le(high)


class Settings(BaseSettings):
    """All settings of one process; built once by `load_settings`, never changed.

    `Settings(...)` by itself reads no file and no environment: it is the defaults and what it is given.
    """

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX, extra="forbid", frozen=True, validate_default=False
    )
    _sources: Mapping[str, str] = PrivateAttr(default_factory=dict)

    data_dir: Path = Field(
        default_factory=lambda: default_data_directory(os.environ),
        description="Folder for the embedded database, the log and all else that must survive a restart.",
        json_schema_extra=_zh("数据目录：内嵌数据库、日志及重启后须保留的一切。"),
    )
    database_url: str | None = Field(
        default=None,
        description="PostgreSQL to use, as postgresql://user:password@host/database; none: the embedded one.",
        json_schema_extra=_zh("PostgreSQL 地址；不填则使用内嵌数据库。"),
    )
    journal_url: str | None = Field(
        default=None,
        description="The same PostgreSQL without a pooler between, for the journal's writer and for migrations; "
        "needed when database_url leads through PgBouncer in transaction mode.",
        json_schema_extra=_zh(
            "同一 PostgreSQL 的直连地址，供日志写入与迁移使用；database_url 经 PgBouncer（事务模式）时必填。"
        ),
    )
    host: str = Field(
        default="127.0.0.1",
        description="Address to listen on; 0.0.0.0 or :: for all.",
        json_schema_extra=_zh("监听地址；0.0.0.0 或 :: 表示全部。"),
    )
    port: Annotated[int, *_range(1, 65_535)] = Field(
        default=8080, description="TCP port to listen on.", json_schema_extra=_zh("监听端口。")
    )
    public_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Further web origins that may connect, as https://auction.example; separated by commas.",
        json_schema_extra=_zh("另外允许连接的网页来源，以逗号分隔，例如 https://auction.example。"),
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Addresses or networks of proxies whose X-Forwarded-For is believed; separated by commas.",
        json_schema_extra=_zh("可信反向代理的 IP 地址或网段，采信其 X-Forwarded-For，以逗号分隔。"),
    )
    demo: bool = Field(
        default=True,
        description="Load the demo centre with its lots, accounts and robot bidders.",
        json_schema_extra=_zh("载入演示中心：演示标的、账户与机器人竞买人。"),
    )
    rulebooks_dir: Path | None = Field(
        default=None,
        description="Folder of the centre's own rulebooks, TOML files beside those that ship; none: only those.",
        json_schema_extra=_zh("本中心自订规则的目录（TOML 文件）；不填则只用随附的规则。"),
    )
    log_level: LogLevel = Field(
        default="info",
        description="Least severe message that is logged.",
        json_schema_extra=_zh("日志级别。"),
    )
    log_format: LogFormat = Field(
        default="auto",
        description="Form of log lines on the terminal; auto: console on a terminal, else json.",
        json_schema_extra=_zh("终端日志格式；auto 表示在终端上为 console，否则为 json。"),
    )
    log_file: Path | None = Field(
        default=None,
        description="File that takes the log as JSON lines; none: luochui.log in the data folder.",
        json_schema_extra=_zh("日志文件（JSON 行）；不填则为数据目录下的 luochui.log。"),
    )
    session_hours: Annotated[int, *_range(1, 720)] = Field(
        default=12, description="How long a sign-in lasts.", json_schema_extra=_zh("登录有效时长（小时）。")
    )
    sign_in_attempts_per_minute: Annotated[int, *_range(1, 1_000)] = Field(
        default=10,
        description="Sign-in attempts that one address or one account may make in a minute.",
        json_schema_extra=_zh("同一地址或账户每分钟可尝试登录的次数。"),
    )
    connections_per_account_max: Annotated[int, *_range(1, 10_000)] = Field(
        default=16,
        description="Live connections that one account may hold.",
        json_schema_extra=_zh("每个账户的最大连接数。"),
    )
    connections_per_address_max: Annotated[int, *_range(1, 1_000_000)] = Field(
        default=500,
        description="Live connections that one network address may hold.",
        json_schema_extra=_zh("每个网络地址的最大连接数。"),
    )
    subscriptions_max: Annotated[int, *_range(1, 10_000)] = Field(
        default=64,
        description="Lots that one connection may follow at once.",
        json_schema_extra=_zh("每个连接可同时关注的标的数。"),
    )
    frame_bytes_max: Annotated[int, *_range(1_024, 1_048_576)] = Field(
        default=16_384,
        description="Longest frame that a client may send, in bytes.",
        json_schema_extra=_zh("客户端单帧最大字节数。"),
    )
    frames_per_second: Annotated[int, *_range(1, 100_000)] = Field(
        default=50,
        description="Frames a second that one connection may send for long.",
        json_schema_extra=_zh("每个连接每秒可持续发送的帧数。"),
    )
    frames_burst: Annotated[int, *_range(1, 1_000_000)] = Field(
        default=100,
        description="Frames that one connection may send at once before the rate counts.",
        json_schema_extra=_zh("每个连接可瞬时发送的帧数。"),
    )
    outbox_bytes_max: Annotated[int, *_range(65_536, 67_108_864)] = Field(
        default=1_048_576,
        description="Bytes that may wait for one slow reader before it is cut.",
        json_schema_extra=_zh("慢速读者积压的字节上限，超出即断开。"),
    )
    outbox_age_ms_max: Annotated[int, *_range(100, 600_000)] = Field(
        default=5_000,
        description="Age of the oldest message waiting for one slow reader before it is cut, in ms.",
        json_schema_extra=_zh("慢速读者最旧积压消息的毫秒上限，超出即断开。"),
    )
    heartbeat_ms: Annotated[int, *_range(1_000, 300_000)] = Field(
        default=20_000,
        description="Interval of pings to a quiet connection; without an answer it is closed, in ms.",
        json_schema_extra=_zh("对静默连接的心跳间隔（毫秒），无应答即关闭。"),
    )
    watcher_tick_ms: Annotated[int, *_range(10, 10_000)] = Field(
        default=200,
        description="Interval at which watchers get the joined news of a lot, in ms.",
        json_schema_extra=_zh("向旁观者合并推送的间隔（毫秒）。"),
    )
    inbox_commands_max: Annotated[int, *_range(1, 1_000_000)] = Field(
        default=20_000,
        description="Commands that may wait for the engine; one more is answered busy.",
        json_schema_extra=_zh("等待引擎处理的命令上限，超出即答复繁忙。"),
    )
    batch_commands_max: Annotated[int, *_range(1, 100_000)] = Field(
        default=2_000,
        description="Commands that the engine takes into one commit.",
        json_schema_extra=_zh("一次提交所含命令上限。"),
    )
    command_deadline_ms: Annotated[int, *_range(100, 60_000)] = Field(
        default=5_000,
        description="Longest wait for the database before a command is answered that its outcome is unknown, in ms.",
        json_schema_extra=_zh("等待数据库超过此毫秒数，即答复命令结果未知。"),
    )
    snapshot_every_records: Annotated[int, *_range(1, 10_000_000)] = Field(
        default=2_000,
        description="Journal records of a lot between two snapshots of its state.",
        json_schema_extra=_zh("两次状态快照之间的日志记录数。"),
    )
    feed_ring_events: Annotated[int, *_range(16, 1_000_000)] = Field(
        default=2_000,
        description="Latest events of each lot kept in memory for readers who come back.",
        json_schema_extra=_zh("每个标的在内存中保留、供重连者补取的最近事件数。"),
    )

    gateways: Annotated[int, *_range(0, 64)] = Field(
        default=0,
        description="Gateway processes that luochui run starts on its port; 0: everything in one process.",
        json_schema_extra=_zh("luochui run 在同一端口启动的网关进程数；0 表示全部在一个进程内。"),
    )
    redis_url: str | None = Field(
        default=None,
        description="Redis between engines and gateways of several machines, as redis://host:6379/0; none: no Redis.",
        json_schema_extra=_zh(
            "多机部署时引擎与网关之间的 Redis 地址，例如 redis://host:6379/0；不填则不用 Redis。"
        ),
    )
    shard: Annotated[int, *_range(0, 1_023)] = Field(
        default=0,
        description="The shard of lots that an engine decides, from 0.",
        json_schema_extra=_zh("引擎所裁决的分片编号，从 0 起。"),
    )
    standby_after_ms: Annotated[int, *_range(500, 600_000)] = Field(
        default=3_000,
        description="Silence of a shard's engine after which another one takes over, in ms.",
        json_schema_extra=_zh("分片引擎失联多久（毫秒）后由备用引擎接管。"),
    )
    own_port: Annotated[int, *_range(0, 65_535)] = Field(
        default=0,
        description="Port that an engine or gateway process shares with nobody, for its health and metrics; 0: none.",
        json_schema_extra=_zh("引擎或网关进程独占的端口，用于健康检查与指标；0 表示不提供。"),
    )
    drain_ms: Annotated[int, *_range(0, 600_000)] = Field(
        default=5_000,
        description="Longest wait of a gateway that ends for commands under way to be answered, in ms.",
        json_schema_extra=_zh("网关退出前等待在途命令得到答复的毫秒上限。"),
    )
    sign_in_recheck_ms: Annotated[int, *_range(50, 3_600_000)] = Field(
        default=30_000,
        description="About how often a gateway asks the database about the sign-ins of its live connections, in ms.",
        json_schema_extra=_zh("网关向数据库核对在线连接登录状态的大致间隔（毫秒）。"),
    )
    database_connections_max: Annotated[int, *_range(2, 1_000)] = Field(
        default=12,
        description="Connections that one process may hold to PostgreSQL, beside the journal's own.",
        json_schema_extra=_zh("每个进程的 PostgreSQL 连接上限（日志写入连接另计）。"),
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what is given, nothing else: `load_settings` merges the sources and can say where from."""
        return (init_settings,)

    @field_validator("data_dir", "log_file", "rulebooks_dir")
    @classmethod
    def _without_tilde(cls, value: Path | None) -> Path | None:
        return None if value is None else value.expanduser().absolute()

    @field_validator("database_url", "journal_url")
    @classmethod
    def _postgresql_address(cls, value: str | None) -> str | None:
        if value is not None and urlsplit(value).scheme not in ("postgresql", "postgres"):
            raise NotAllowed("an address that begins with postgresql://", "以 postgresql:// 开头的地址")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis_address(cls, value: str | None) -> str | None:
        if value is not None and urlsplit(value).scheme not in ("redis", "rediss", "unix"):
            raise NotAllowed(
                "an address that begins with redis://, rediss:// or unix://",
                "以 redis://、rediss:// 或 unix:// 开头的地址",
            )
        return value

    @field_validator("host")
    @classmethod
    def _address_or_name(cls, value: str) -> str:
        if not value or any(sign in value for sign in " /,"):
            raise NotAllowed("an IP address or host name", "IP 地址或主机名")
        if value.replace(".", "").isdecimal() and not _is_address(value):
            raise NotAllowed("an IP address or host name", "IP 地址或主机名")
        return value

    @field_validator("public_origins", "trusted_proxies", mode="before")
    @classmethod
    def _separated_by_commas(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("public_origins")
    @classmethod
    def _origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if not _is_origin(origin):
                raise NotAllowed(
                    f"origins of the form https://host or http://host:port; {origin!r} is none",
                    f"形如 https://host 或 http://host:port 的来源；{origin!r} 不是",
                )
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for address in value:
            if not _is_network(address):
                raise NotAllowed(
                    f"IP addresses and networks as 10.0.0.0/8; {address!r} is none",
                    f"IP 地址或网段（例如 10.0.0.0/8）；{address!r} 不是",
                )
        return value

    @field_validator("frames_burst")
    @classmethod
    def _burst_covers_rate(cls, value: int, info: ValidationInfo) -> int:
        sustained = info.data.get("frames_per_second", 0)
        if value < sustained:
            raise NotAllowed(
                f"at least frames_per_second, which is {sustained}",
                f"不小于 frames_per_second（{sustained}）",
            )
        return value

    @field_validator("outbox_bytes_max")
    @classmethod
    def _outbox_holds_frames(cls, value: int, info: ValidationInfo) -> int:
        frame = info.data.get("frame_bytes_max", 0)
        if value < 4 * frame:
            raise NotAllowed(
                f"at least four times frame_bytes_max, which is {frame}",
                f"不小于 frame_bytes_max（{frame}）的四倍",
            )
        return value

    def __eq__(self, other: object) -> bool:
        """Tell whether the values are the same, wherever they came from."""
        return isinstance(other, Settings) and self.model_dump() == other.model_dump()

    def __hash__(self) -> int:
        return hash(repr(self.model_dump()))

    def source_of(self, key: str) -> str:
        """Return where a value came from, in words."""
        return self._sources.get(key, "default 默认值")

    @property
    def log_path(self) -> Path:
        """Return the file that takes the log."""
        return self.log_file or self.data_dir / "luochui.log"


@dataclass(frozen=True, slots=True)
class SettingProblem:
    """One thing that is wrong with what was given.

    Args:
        key: setting, as in the TOML file; empty when the whole source is at fault.
        source: where the value came from, in words.
        given: the value, as text; a secret is masked.
        allowed: what may stand there, English.
        allowed_zh: the same in Chinese.
    """

    key: str
    source: str
    given: str
    allowed: str
    allowed_zh: str

    def __str__(self) -> str:
        what = f"{self.key} = {self.given}" if self.key else self.given
        return f"{what}  ({self.source})\n    allowed: {self.allowed}\n    可用值：{self.allowed_zh}"


class SettingsProblems(Exception):
    """The settings cannot be used; `problems` holds everything that is wrong, at once."""

    def __init__(self, problems: list[SettingProblem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """Settings together with where each value came from, in words, by key."""

    settings: Settings
    sources: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SettingDescription:
    """One setting as documentation shows it."""

    key: str
    variable: str
    flag: str
    kind: str
    default: str
    description: str
    description_zh: str


@dataclass(frozen=True, slots=True)
class _Given:
    """One source: its name for people, its values, and what is wrong with it as a whole."""

    name: str
    values: Mapping[str, object]
    problems: tuple[SettingProblem, ...] = ()


def load_settings(
    flags: Mapping[str, object] | None = None,
    *,
    config: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """Return the settings from defaults, TOML, environment and flags; see `load_settings_with_sources`.

    Raises: SettingsProblems.
    """
    return load_settings_with_sources(flags, config=config, environment=environment).settings


def load_settings_with_sources(
    flags: Mapping[str, object] | None = None,
    *,
    config: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> LoadedSettings:
    """Merge all sources and check the result.

    Args:
        flags: values from the command line by key; None means not given.
        config: TOML file; when absent `$LUOCHUI_CONFIG`, then `luochui.toml` here, if there is one.
        environment: variables; the process's own when absent.

    Raises: SettingsProblems, with every problem of every source.
    """
    variables = os.environ if environment is None else environment
    given = [_toml_values(config, variables), _environment_values(variables), _flag_values(flags or {})]
    values: dict[str, object] = {}
    sources: dict[str, str] = {}
    problems = [problem for source in given for problem in source.problems]
    for source in given:
        values.update(source.values)
        sources.update(dict.fromkeys(source.values, source.name))
    if "data_dir" not in values:
        problems += _default_data_dir(values, variables)
    settings = _validated(values, sources, problems)
    if problems or settings is None:
        raise SettingsProblems(problems)
    settings._sources = MappingProxyType(sources)
    return LoadedSettings(settings, sources)


def describe_settings() -> tuple[SettingDescription, ...]:
    """Return every setting with its key, variable, flag, type with bounds, default and meaning."""
    return tuple(_description(key, field) for key, field in Settings.model_fields.items())


def shown_value(key: str, value: object) -> str:
    """Return a value as it may be shown: a password inside an address is masked."""
    if key in ("database_url", "journal_url", "redis_url") and isinstance(value, str):
        return _without_password(value)
    return _as_text(value)


def as_environment(settings: Settings) -> dict[str, str]:
    """Return the variables by which another process of ours gets the same settings, passwords included."""
    values = ((key, getattr(settings, key)) for key in Settings.model_fields)
    return {ENVIRONMENT_PREFIX + key.upper(): _as_text(value) for key, value in values}


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (tuple, list)):
        return ",".join(str(item) for item in value)
    return "" if value is None else str(value)


def _toml_values(config: Path | None, variables: Mapping[str, str]) -> _Given:
    named = config or (Path(variables[CONFIG_VARIABLE]) if variables.get(CONFIG_VARIABLE) else None)
    file = named or Path(CONFIG_FILE)
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if named is None:
            return _Given(str(file), {})
        return _Given(str(file), {}, (_bad_file(file, "a file that exists", "存在的文件"),))
    except OSError as error:
        hint = f"a file that can be read ({error.strerror})"
        return _Given(str(file), {}, (_bad_file(file, hint, f"可读取的文件（{error.strerror}）"),))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        hint = f"a TOML file in UTF-8 ({error})"
        return _Given(str(file), {}, (_bad_file(file, hint, f"UTF-8 编码的 TOML 文件（{error}）"),))
    return _Given(str(file), values)


def _bad_file(file: Path, allowed: str, allowed_zh: str) -> SettingProblem:
    return SettingProblem("", "configuration file 配置文件", str(file), allowed, allowed_zh)


def _environment_values(variables: Mapping[str, str]) -> _Given:
    """Return what `LUOCHUI_*` says; an empty variable counts as not given, unknown ones are left alone."""
    source = EnvSettingsSource(Settings, env_ignore_empty=True)
    source.env_vars = {name.lower(): value for name, value in variables.items() if value}
    return _Given("environment 环境变量", source())


def _flag_values(flags: Mapping[str, object]) -> _Given:
    return _Given("command line 命令行", {key: value for key, value in flags.items() if value is not None})


def _default_data_dir(values: dict[str, object], variables: Mapping[str, str]) -> list[SettingProblem]:
    try:
        values["data_dir"] = default_data_directory(variables)
    except ValueError as error:
        hint = f"set LUOCHUI_DATA_DIR or --data-dir ({error})"
        hint_zh = "请设置 LUOCHUI_DATA_DIR 或 --data-dir（HOME 未设置）"
        return [SettingProblem("data_dir", "default 默认值", "", hint, hint_zh)]
    return []


def _validated(
    values: Mapping[str, object], sources: Mapping[str, str], problems: list[SettingProblem]
) -> Settings | None:
    """Build the settings; what is wrong is added to the problems instead."""
    fallback = {} if "data_dir" in values else {"data_dir": Path("/")}
    try:
        return Settings.model_validate({**values, **fallback})
    except ValidationError as error:
        problems += [_problem(details, values, sources) for details in error.errors()]
        return None


def _problem(
    details: ErrorDetails, values: Mapping[str, object], sources: Mapping[str, str]
) -> SettingProblem:
    key = str(details["loc"][0]) if details["loc"] else ""
    source = sources.get(key, "default 默认值")
    given = shown_value(key, values.get(key))
    if details["type"] == "extra_forbidden":
        near = difflib.get_close_matches(key, Settings.model_fields, 1)
        meant = f"; did you mean {near[0]}?" if near else ""
        meant_zh = f"；是否想写 {near[0]}？" if near else ""
        hint = f"this key does not exist{meant} (luochui config doc lists all)"
        return SettingProblem(key, source, given, hint, f"没有此配置项{meant_zh}（见 luochui config doc）")
    kind = _kind(Settings.model_fields[key]) if key in Settings.model_fields else details["msg"]
    refusal = details.get("ctx", {}).get("error")
    if isinstance(refusal, NotAllowed):
        return SettingProblem(key, source, given, refusal.allowed, refusal.allowed_zh)
    return SettingProblem(key, source, given, kind, kind)


def _description(key: str, field: FieldInfo) -> SettingDescription:
    extra = field.json_schema_extra
    assert isinstance(extra, dict) and field.description is not None, f"{key} is described in both languages"
    default = "~/.local/share/luochui" if key == "data_dir" else shown_value(key, field.default)
    dashed = key.replace("_", "-")
    return SettingDescription(
        key=key,
        variable=ENVIRONMENT_PREFIX + key.upper(),
        flag=f"--{dashed}/--no-{dashed}" if field.annotation is bool else f"--{dashed}",
        kind=_kind(field),
        default=default,
        description=field.description,
        description_zh=str(extra["description_zh"]),
    )


def _kind(field: FieldInfo) -> str:
    """Return what a field takes, in short words: `integer 1..65535`, `json | console`, `path`."""
    annotation = field.annotation
    options = [part for part in get_args(annotation) if part is not type(None)]
    if get_origin(annotation) is Literal:
        return " | ".join(options)
    if annotation is bool:
        return "true | false"
    if annotation is int:
        low, high = (getattr(bound, sign) for bound, sign in zip(field.metadata, ("ge", "le"), strict=True))
        return f"integer {low}..{high}"
    if get_origin(annotation) is tuple:
        return "list of texts"
    return "path" if annotation is Path or Path in options else "text"


def _is_address(value: str) -> bool:
    try:
        ip_address(value)
    except ValueError:
        return False
    return True


def _is_network(value: str) -> bool:
    try:
        ip_network(value)
    except ValueError:
        return False
    return True


def _is_origin(value: str) -> bool:
    """Say whether a text is a web origin: scheme, host and perhaps a port, nothing behind them."""
    parts = urlsplit(value)
    return (
        parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and "@" not in parts.netloc
        and f"{parts.scheme}://{parts.netloc}" == value
    )


def _without_password(address: str) -> str:
    parts = urlsplit(address)
    if parts.password is None:
        return address
    return address.replace(f":{parts.password}@", f":{SECRET_MASK}@", 1)
