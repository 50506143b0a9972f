"""Node-RED: http in → function (the signature over what was received) → switch → http request; durable or not.

It answers once the signature is proved; the durable one once SQLite has the event. Both keep connections alive.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from bench.peers.install import FOLDER
from bench.peers.running import Variant, free_port, running
from bench.requests import KEY
from bench.server import Server

PROVE = """\
const crypto = global.get('crypto');
const head = msg.req.headers;
const mark = crypto.createHmac('sha256', global.get('key'))
    .update(head['webhook-id'] + '.' + head['webhook-timestamp'] + '.').update(msg.payload).digest();
const given = Buffer.from((head['webhook-signature'] || '').slice(3), 'base64');
if (given.length !== mark.length || !crypto.timingSafeEqual(given, mark)) {
    msg.statusCode = 401;
    return [null, msg];
}
msg.params = {$id: head['webhook-id'], $body: msg.payload};
msg.event = JSON.parse(msg.payload);
msg.payload = msg.event;
msg.headers = {'content-type': 'application/json', 'webhook-id': head['webhook-id']};
msg.statusCode = 204;
return [msg, null];
"""
RESTORE = "msg.payload = msg.event; return msg;"
TABLE = "CREATE TABLE events (id TEXT PRIMARY KEY, body BLOB NOT NULL)"
INSERT = "INSERT OR REPLACE INTO events VALUES ($id, $body)"
SETTINGS = """\
module.exports = {
    uiHost: '127.0.0.1',
    httpAdminRoot: false,
    credentialSecret: 'bench',
    telemetry: {enabled: false, updateNotification: false},
    diagnostics: {enabled: false},
    externalModules: {autoInstall: false, palette: {allowInstall: false}, modules: {allowInstall: false}},
    functionGlobalContext: {crypto: require('crypto'), key: Buffer.from('%s', 'hex')},
    logging: {console: {level: 'warn', metrics: false, audit: false}},
};
"""


def flows(receiver: int, database: Path | None) -> list[dict[str, Any]]:
    """The flow, as Node-RED's file holds it; with a database each event goes into it first."""
    proved = ["answer", "loud"] if database is None else ["keep"]
    made = [
        {"id": "tab", "type": "tab", "label": "bench"},
        _node("in", "http in", [["prove"]], url="/in/bench", method="post", skipBodyParsing=True),
        _node("prove", "function", [proved, ["answer"]], func=PROVE, outputs=2),
        _node("answer", "http response", []),
        _node(
            "loud", "switch", [["send"]],
            property="payload.events[0].tags", propertyType="msg", checkall="false", outputs=1,
            rules=[{"t": "cont", "v": "loud", "vt": "str"}],
        ),
        _node(
            "send", "http request", [[]],
            method="POST", ret="txt", url=f"http://127.0.0.1:{receiver}/hooks", persist=True,
        ),
    ]  # fmt: skip
    if database is not None:
        made += [
            {"id": "database", "type": "sqlitedb", "db": str(database), "mode": "RWC"},
            _node("keep", "sqlite", [["restore"]], mydb="database", sqlquery="prepared", sql=INSERT),
            _node("restore", "function", [["answer", "loud"]], func=RESTORE, outputs=1),
        ]
    return made


def _node(id: str, kind: str, wires: list[list[str]], **settings: Any) -> dict[str, Any]:
    return {"id": id, "type": kind, "z": "tab", "name": id, "x": 0, "y": 0, "wires": wires, **settings}


@contextmanager
def start(durable: bool, folder: Path, receiver: int) -> Iterator[Server]:
    """Node-RED with its flow, for as long as the block lasts."""
    database = folder / "events.db" if durable else None
    if database is not None:
        made = sqlite3.connect(database)
        made.execute("PRAGMA journal_mode=WAL")
        made.execute(TABLE)
        made.close()
    (folder / "flows.json").write_text(json.dumps(flows(receiver, database)))
    (folder / "settings.js").write_text(SETTINGS % KEY.hex())
    (folder / "package.json").write_text('{"name": "bench", "version": "1.0.0", "private": true}')
    port = free_port()
    program = str(FOLDER / "node-red/node_modules/node-red/red.js")
    command = ["node", program, "--userDir", str(folder), "--port", str(port), "flows.json"]
    with running(command, folder, port, {"NODE_ENV": "production"}, lambda status, _: status == 401) as server:
        yield server


VARIANTS = [
    Variant("Node-RED", "nothing kept", partial(start, False)),
    Variant("Node-RED durable", "each event in SQLite (WAL, FULL) first", partial(start, True)),
]
