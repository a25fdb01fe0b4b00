"""How the machine is at a glance, and the settings of the process that answers."""

from __future__ import annotations

from msgspec import Struct

from exchange import __version__
from exchange.condition import Finding, Process, Refunds, Store, findings
from exchange.setting_words import describe_settings, shown_value
from exchange.settings import Settings
from exchange.texts import BothLanguages
from gateways.api.administration import READERS
from gateways.api.operation import Asked, Operation
from ledger.refund_clock import Level
from matching.units import TimeUs


class SystemState(Struct, frozen=True):
    """How everything is, as of `now_us`: the findings in words, the worst first, and what they were made of."""

    now_us: TimeUs
    version: str
    is_demo: bool
    findings: list[Finding]
    process: Process
    store: Store
    refunds: Refunds


class SettingLine(Struct, frozen=True):
    """One setting: what holds, where that comes from in words, and what may stand there. Passwords are masked."""

    key: str
    value: str
    source: str
    default: str
    kind: str
    variable: str
    description: BothLanguages


class SettingLines(Struct, frozen=True):
    """All settings of the process that answers."""

    settings: list[SettingLine]


async def show_system(asked: Asked) -> SystemState:
    """Show how engines, journal, copies, backups and deadlines are."""
    services = asked.services
    now_us = services.clock.now_us()
    store = await services.condition.read()
    process = services.process()
    owed = await services.finance.clocks.due(now_us)
    refunds = Refunds(
        sum(one.level is Level.SOON for one in owed), sum(one.level is Level.OVERDUE for one in owed)
    )
    return SystemState(
        now_us,
        __version__,
        services.is_demo,
        findings(store, process, refunds, now_us),
        process,
        store,
        refunds,
    )


async def list_settings(asked: Asked) -> SettingLines:
    """List the settings that hold in the process that answers, and where each comes from."""
    return SettingLines(setting_lines(asked.services.settings))


def setting_lines(settings: Settings) -> list[SettingLine]:
    """Return every setting as people read it."""
    return [
        SettingLine(
            one.key,
            shown_value(one.key, getattr(settings, one.key)),
            settings.source_of(one.key),
            one.default,
            one.kind,
            one.variable,
            BothLanguages(one.description_zh, one.description),
        )
        for one in describe_settings()
    ]


OPERATIONS = (
    Operation("GET", "/system", show_system, READERS, answer=SystemState),
    Operation("GET", "/settings", list_settings, READERS, answer=SettingLines),
)
