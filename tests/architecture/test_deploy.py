"""What lies in deploy/ is what it claims: checked by the programs that will read it, as far as they are at hand."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from exchange.setting_sources import CONFIG_VARIABLE
from exchange.settings import ENVIRONMENT_PREFIX, Settings
from gateways.cli import NOUNS
from gateways.pages import ASSETS, PAGES
from gateways.portal.routes import ADDRESSES
from tests.architecture.test_tidiness import PROJECT, named

DEPLOY = PROJECT / "deploy"
RULES = DEPLOY / "prometheus" / "luochui.rules.yaml"
DASHBOARD = DEPLOY / "grafana" / "luochui.json"
COMPOSE = sorted(DEPLOY.glob("compose*.yaml"))
UNITS = sorted((DEPLOY / "systemd").iterdir())
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
PASSWORDS = {"LUOCHUI_DATABASE_PASSWORD", "LUOCHUI_REPLICATION_PASSWORD", "LUOCHUI_REDIS_PASSWORD"}
"""Variables of the compose files alone."""
FOREIGN_KINDS = {"Kustomization", "ServiceMonitor"}
"""Kinds that Kubernetes itself does not know."""


def program(name: str) -> str:
    """Return the path of a program; a test that needs an absent one is skipped by its name."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def run(*command: str | Path, folder: Path | None = None) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def texts() -> Iterator[tuple[Path, str]]:
    for path in sorted(DEPLOY.rglob("*")):
        if path.is_file() and path.name != ".env":
            yield path, path.read_text(encoding="utf-8")


def documents(path: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def test_the_image_is_built_as_its_critic_likes_it() -> None:
    run(Path(sys.executable).with_name("hadolint"), DEPLOY / "Dockerfile")


@pytest.mark.parametrize("path", COMPOSE, ids=named)
def test_compose_files_keep_to_their_schema(path: Path) -> None:
    checker = Path(sys.executable).with_name("check-jsonschema")
    run(checker, "--builtin-schema", "vendor.compose-spec", path)


@pytest.mark.parametrize("path", COMPOSE, ids=named)
def test_compose_files_hold_together(path: Path) -> None:
    (compose,) = documents(path)
    for name, service in compose["services"].items():
        assert set(service.get("depends_on", {})) <= compose["services"].keys(), name
        mounted = {config["source"] for config in service.get("configs", [])}
        assert mounted <= compose["configs"].keys(), name
        volumes = [volume.split(":") for volume in service.get("volumes", [])]
        for source, *_ in volumes:
            is_there = source in compose["volumes"] or source == "./tls" or (path.parent / source).exists()
            assert is_there, f"{name} mounts {source}"


@pytest.mark.parametrize("path", MANIFESTS, ids=named)
def test_manifests_keep_to_the_schemas_of_kubernetes(path: Path) -> None:
    for document in documents(path):
        if document["kind"] not in FOREIGN_KINDS:
            kubernetes_validate.validate(document, "1.32", strict=True)


def test_manifests_select_what_is_there() -> None:
    everything = [document for path in MANIFESTS for document in documents(path)]
    labels = [
        each["spec"]["template"]["metadata"]["labels"]
        for each in everything
        if each["kind"] in ("Deployment", "StatefulSet")
    ]
    assert len(labels) == 2
    for each in everything:
        selector = each.get("spec", {}).get("selector", {})
        wanted = selector.get("matchLabels", selector if each["kind"] == "Service" else {})
        assert each["kind"] == "Kustomization" or any(wanted.items() <= has.items() for has in labels), each
    (kustomization,) = documents(DEPLOY / "kubernetes" / "kustomization.yaml")
    listed = set(kustomization["resources"])
    assert {path.name for path in MANIFESTS} == listed | {"kustomization.yaml"}


def test_the_ingress_leads_to_every_page_and_to_nothing_that_is_for_the_machine() -> None:
    (ingress,) = documents(DEPLOY / "kubernetes" / "ingress.yaml")
    paths = {path["path"]: path["pathType"] for path in ingress["spec"]["rules"][0]["http"]["paths"]}
    folders = tuple(f"{path}/" for path, kind in paths.items() if kind == "Prefix")
    public = {page.split("/{")[0] for page in (*PAGES, *ADDRESSES) if not page.startswith(folders)}
    # No page of its own, but a folder of parts.
    assert set(paths) == public | {ASSETS.rstrip("/"), "/api", "/sitemap"}
    assert all(f"{page.split('/{')[0]}/" in folders for page in (*PAGES, *ADDRESSES) if "/{" in page)


def test_what_banks_send_is_waited_for_as_long_as_the_page_does() -> None:
    (files,) = documents(DEPLOY / "kubernetes" / "files.yaml")
    upload = (PROJECT / "gateways" / "web" / "src" / "house" / "upload.ts").read_text(encoding="utf-8")
    assert "PATIENCE_MS = 600_000" in upload
    assert files["metadata"]["annotations"]["nginx.ingress.kubernetes.io/proxy-read-timeout"] == "600"
    nginx = (DEPLOY / "nginx" / "luochui.conf").read_text(encoding="utf-8")
    assert nginx.count("proxy_read_timeout 600s;") == 1
    for path in files["spec"]["rules"][0]["http"]["paths"]:
        assert path["path"].removeprefix("/api/v1/") in nginx, path


def test_kustomize_puts_the_manifests_together() -> None:
    run(program("kubectl"), "kustomize", DEPLOY / "kubernetes")


def test_units_are_as_systemd_wants_them(tmp_path: Path) -> None:
    analyze = program("systemd-analyze")
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace("/opt/luochui/.venv/bin/luochui", sys.executable)
        instance = tmp_path / unit.name.replace("@.", "@0.")
        for path in {tmp_path / unit.name, instance}:
            path.write_text(text, encoding="utf-8")
    for unit in UNITS:
        run(analyze, "verify", "--man=no", tmp_path / unit.name.replace("@.", "@0."))


def test_every_alarm_is_sound_and_sounds_when_it_should() -> None:
    promtool = program("promtool")
    run(promtool, "check", "rules", RULES)
    run(promtool, "check", "config", DEPLOY / "prometheus" / "prometheus.yaml")
    run(promtool, "test", "rules", "luochui.tests.yaml", folder=RULES.parent)


def test_every_alarm_speaks_both_languages_and_leads_to_its_place_in_the_runbook() -> None:
    runbook = (DEPLOY / "RUNBOOK.md").read_text(encoding="utf-8")
    places = set(re.findall(r'<a id="([\w-]+)"></a>', runbook))
    (rules,) = documents(RULES)
    tested = (RULES.parent / "luochui.tests.yaml").read_text(encoding="utf-8")
    for rule in (rule for group in rules["groups"] for rule in group["rules"]):
        notes = rule["annotations"]
        assert notes["summary"].isascii() and not notes["summary_zh"].isascii(), rule["alert"]
        file, _, place = notes["runbook"].partition("#")
        assert (file, place in places) == ("deploy/RUNBOOK.md", True), rule["alert"]
        assert f'alertname="{rule["alert"]}"' in tested, rule["alert"]


def test_the_dashboard_is_whole() -> None:
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        columns = range(place["x"], place["x"] + place["w"])
        cells = {(x, y) for x in columns for y in range(place["y"], place["y"] + place["h"])}
        assert columns.stop <= 24 and not cells & taken, panel["title"]
        taken |= cells
        assert panel["type"] == "row" or all(target["expr"] for target in panel["targets"]), panel["title"]
        assert not panel["title"].isascii(), "titles are in both languages"
    variables = {f"${variable['name']}" for variable in dashboard["templating"]["list"]}
    used = set(re.findall(r"\$(?!__|\{)\w+", json.dumps([panel.get("targets") for panel in panels])))
    assert used <= variables


def test_what_is_set_and_called_in_deploy_exists() -> None:
    known = {ENVIRONMENT_PREFIX + key.upper() for key in Settings.model_fields} | {CONFIG_VARIABLE}
    for path, text in texts():
        variables = set(re.findall(r"\bLUOCHUI_[A-Z_]+[A-Z]\b", text)) - PASSWORDS
        assert variables <= known, path
        commands = set(re.findall(r"(?:bin/|`|\n    |\n)luochui ([a-z]+)\b", text))
        assert commands <= NOUNS.keys(), path
    for path in COMPOSE:
        (compose,) = documents(path)
        services = (each for each in compose["services"].values() if each["image"] == "luochui")
        assert {service["command"][0] for service in services} <= NOUNS.keys()


def test_no_secret_lies_in_deploy() -> None:
    for path, text in texts():
        for address in re.findall(r"\w+://[\w.-]*:([^@\s/]+)@", text):
            assert address.startswith("${") or address in ("…", "PASSWORD"), f"{path} holds a password"
        assert "PRIVATE KEY" not in text and "kind: Secret" not in text, path


def test_whoever_brings_the_site_of_nginx_names_every_upstream_that_it_leads_to() -> None:
    site = (DEPLOY / "nginx" / "luochui.conf").read_text(encoding="utf-8")
    wanted = set(re.findall(r"proxy_pass http://(\w+);", site))
    assert wanted == {"luochui", "luochui_rehearsals"}
    for path in (*COMPOSE, DEPLOY / "nginx" / "luochui-upstream.conf"):
        assert set(re.findall(r"upstream (\w+) \{", path.read_text(encoding="utf-8"))) == wanted, path
