"""At which ports no HTTP request of ours has any business, unless an operator says so.

Allowed are 80, 443, and from 1024 on whatever is not listed here: ports that the Fetch standard forbids browsers ("port
blocking"), and the usual ports of services that would take a request for commands, or that give their data to anyone.
"""

from typing import Final

HTTP_PORTS: Final = frozenset({80, 443})
UNPRIVILEGED_FROM: Final = 1_024

_FORBIDDEN_TO_BROWSERS: Final = {
    1719: "H.323",
    1720: "H.323",
    1723: "PPTP",
    2049: "NFS",
    3659: "Apple's SASL",
    4045: "NFS's lock manager",
    4190: "ManageSieve",
    5060: "SIP",
    5061: "SIP",
    6000: "X11",
    6566: "SANE",
    **dict.fromkeys(range(6665, 6670), "IRC"),
    6679: "IRC",
    6697: "IRC",
    10080: "Amanda",
}
_STORES_AND_CONTROLS: Final = {
    1433: "SQL Server",
    1521: "Oracle Database",
    2181: "ZooKeeper",
    2375: "Docker",
    2376: "Docker",
    2379: "etcd",
    2380: "etcd",
    3306: "MySQL",
    3389: "Remote Desktop",
    4222: "NATS",
    5432: "PostgreSQL",
    5672: "RabbitMQ",
    5900: "VNC",
    5984: "CouchDB",
    5985: "Windows Remote Management",
    5986: "Windows Remote Management",
    6379: "Redis",
    6443: "Kubernetes",
    8086: "InfluxDB",
    8300: "Consul",
    8500: "Consul",
    9042: "Cassandra",
    9092: "Kafka",
    9160: "Cassandra",
    9200: "Elasticsearch",
    9300: "Elasticsearch",
    10250: "Kubernetes' kubelet",
    10255: "Kubernetes' kubelet",
    11211: "memcached",
    26257: "CockroachDB",
    27017: "MongoDB",
    27018: "MongoDB",
    27019: "MongoDB",
}
BAD_PORTS: Final = {**_FORBIDDEN_TO_BROWSERS, **_STORES_AND_CONTROLS}
"""Ports from 1024 on that are refused, and what is usually there."""


def why_bad(port: int) -> str:
    """What speaks against a port; empty if nothing does."""
    if port in HTTP_PORTS:
        return ""
    if port < UNPRIVILEGED_FROM:
        return f"port {port} is neither 80 nor 443, and below {UNPRIVILEGED_FROM} there is no other HTTP"
    return f"port {port} is usually {BAD_PORTS[port]}" if port in BAD_PORTS else ""
