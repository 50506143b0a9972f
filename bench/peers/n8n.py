"""n8n: Webhook → Crypto (the signature over what was received) → If → HTTP Request.

It answers when the request is there, before anything is done with it. Everything that calls home is off.
"""

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from bench.peers.install import FOLDER, environment
from bench.peers.running import START_S, Variant, free_port, running
from bench.requests import KEY
from bench.server import Server

WORKFLOW = "benchpeers000001"
SIGNED = (
    "={{ $json.headers['webhook-id'] + '.' + $json.headers['webhook-timestamp'] + '.' + JSON.stringify($json.body) }}"
)
QUIET = {
    "NODE_ENV": "production",
    "N8N_ENCRYPTION_KEY": "bench",
    "N8N_LISTEN_ADDRESS": "127.0.0.1",
    "N8N_ENDPOINT_WEBHOOK": "in",
    "N8N_LOG_LEVEL": "error",
    "N8N_DIAGNOSTICS_ENABLED": "false",
    "N8N_VERSION_NOTIFICATIONS_ENABLED": "false",
    "N8N_TEMPLATES_ENABLED": "false",
    "N8N_PERSONALIZATION_ENABLED": "false",
    "N8N_COMMUNITY_PACKAGES_ENABLED": "false",
    "N8N_LICENSE_AUTO_RENEW_ENABLED": "false",
    "N8N_DISABLE_UI": "true",
    "EXTERNAL_FRONTEND_HOOKS_URLS": "",
}
LEGACY = {"N8N_EXPRESSION_ENGINE": "legacy"}
FORGETS = {"EXECUTIONS_DATA_SAVE_ON_SUCCESS": "none", "EXECUTIONS_DATA_SAVE_ON_ERROR": "none"}


def workflow(receiver: int) -> dict[str, Any]:
    """The workflow, as n8n's import reads it."""
    nodes = [
        {
            **_node("Webhook", "webhook", 2, 0, httpMethod="POST", path="bench", responseMode="onReceived", options={}),
            "webhookId": "bench",
        },
        _node(
            "Sign", "crypto", 1, 1,
            action="hmac", type="SHA256", value=SIGNED, dataPropertyName="signature", secret=KEY.decode(),
            encoding="base64",
        ),
        _node("If", "if", 2.2, 2, conditions=_conditions(), options={}),
        _node(
            "Send", "httpRequest", 4.2, 3,
            method="POST", url=f"http://127.0.0.1:{receiver}/hooks", sendHeaders=True,
            headerParameters={"parameters": [{"name": "webhook-id", "value": "={{ $json.headers['webhook-id'] }}"}]},
            sendBody=True, specifyBody="json", jsonBody="={{ JSON.stringify($json.body) }}", options={},
        ),
    ]  # fmt: skip
    return {
        "id": WORKFLOW,
        "name": "bench",
        "active": False,
        "settings": {"executionOrder": "v1"},
        "nodes": nodes,
        "connections": {"Webhook": _to("Sign"), "Sign": _to("If"), "If": _to("Send")},
    }


def _node(name: str, kind: str, version: float, place: int, **parameters: Any) -> dict[str, Any]:
    return {
        "id": name,
        "name": name,
        "type": f"n8n-nodes-base.{kind}",
        "typeVersion": version,
        "position": [place * 200, 0],
        "parameters": parameters,
    }


def _to(name: str) -> dict[str, Any]:
    return {"main": [[{"node": name, "type": "main", "index": 0}]]}


def _conditions() -> dict[str, Any]:
    signature = {
        "id": "signature",
        "leftValue": "={{ 'v1,' + $json.signature }}",
        "rightValue": "={{ $json.headers['webhook-signature'] }}",
        "operator": {"type": "string", "operation": "equals"},
    }
    loud = {
        "id": "loud",
        "leftValue": "={{ $json.body.events[0].tags }}",
        "rightValue": "loud",
        "operator": {"type": "array", "operation": "contains", "rightType": "any"},
    }
    return {
        "options": {"caseSensitive": True, "leftValue": "", "typeValidation": "strict", "version": 2},
        "combinator": "and",
        "conditions": [signature, loud],
    }


def _ready(status: int, body: bytes) -> bool:
    """While it starts it answers with something else, 404 or a page that asks for patience."""
    return status == 200 and b"Workflow was started" in body


@contextmanager
def start(settings: Mapping[str, str], folder: Path, receiver: int) -> Iterator[Server]:
    """n8n with its workflow published, for as long as the block lasts."""
    port = free_port()
    program = [str(FOLDER / "n8n/node_modules/n8n/bin/n8n")]
    env = {
        **QUIET,
        **settings,
        "N8N_USER_FOLDER": str(folder),
        "N8N_PORT": str(port),
        "N8N_RUNNERS_BROKER_PORT": str(free_port()),
    }
    (folder / "workflow.json").write_text(json.dumps([workflow(receiver)]))
    for words in (["import:workflow", "--input=workflow.json"], ["publish:workflow", f"--id={WORKFLOW}"]):
        done = subprocess.run(
            [*program, *words],
            cwd=folder,
            env={**environment(), **env},
            capture_output=True,
            text=True,
            timeout=START_S,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"n8n {words[0]} failed:\n{(done.stdout + done.stderr)[-3_000:]}")
    with running([*program, "start"], folder, port, env, _ready) as server:
        yield server


VARIANTS = [
    Variant("n8n as installed", "executions saved in SQLite", partial(start, {}), 8, 200),
    Variant("n8n legacy", "the older expression engine, executions saved", partial(start, LEGACY), 8, 400),
    Variant("n8n legacy, forgets", "the older engine, executions not saved", partial(start, LEGACY | FORGETS), 8, 400),
]
