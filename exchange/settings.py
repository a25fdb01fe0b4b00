"""Everything that an operator may set: one frozen class.

Belongs here: each setting with its bounds, its default and its meaning in both languages, and what ties two together.
Does not belong here: where values come from (`exchange.setting_sources`), what documentation shows of them
(`exchange.setting_words`), reading settings anywhere but at start-up, and values that are rules of a sale
(those are in a lot's rulebook).
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Ge, Le
from pydantic import Field, PrivateAttr, ValidationInfo, field_validator
from pydantic.config import JsonDict
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from exchange.setting_checks import (
    NotAllowed,
    address_or_name,
    networks,
    origins,
    postgresql_address,
    redis_address,
    separated_by_commas,
    without_tilde,
)

ENVIRONMENT_PREFIX = "LUOCHUI_"

LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["auto", "json", "console"]
IdentityLevel = Literal["none", "declared", "confirmed"]
"""The values of `exchange.identity_required.IdentityRequired`."""


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
    registration_open: bool = Field(
        default=True,
        description="Whether people may make accounts for themselves; else only administrators make them.",
        json_schema_extra=_zh("是否开放自助注册；否则只能由管理员建立账户。"),
    )
    registrations_per_hour: Annotated[int, *_range(1, 10_000)] = Field(
        default=20,
        description="Accounts that people behind one network address may make for themselves in an hour.",
        json_schema_extra=_zh("同一网络地址每小时可自助注册的账户数。"),
    )
    identity_required: IdentityLevel = Field(
        default="declared",
        description="What a bidder needs before signing up for a lot: nothing, an identity that he has declared, or "
        "one that the centre has confirmed.",
        json_schema_extra=_zh("报名前的身份要求：none 不要求；declared 已填报；confirmed 已经中心核验。"),
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

    _paths = field_validator("data_dir", "log_file", "rulebooks_dir")(without_tilde)
    _databases = field_validator("database_url", "journal_url")(postgresql_address)
    _redis = field_validator("redis_url")(redis_address)
    _listening = field_validator("host")(address_or_name)
    _lists = field_validator("public_origins", "trusted_proxies", mode="before")(separated_by_commas)
    _origins = field_validator("public_origins")(origins)
    _proxies = field_validator("trusted_proxies")(networks)

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
