"""Run with dlt's own interpreter: its REST source reads the list of tickets into files of JSON lines.

As the reference describes the source for an API that links its pages; the destination is a folder.
"""

import sys

import dlt  # type: ignore[import-not-found]
from dlt.destinations import filesystem  # type: ignore[import-not-found]
from dlt.sources.helpers.rest_client.auth import HttpBasicAuth  # type: ignore[import-not-found]
from dlt.sources.rest_api import rest_api_source  # type: ignore[import-not-found]


def main(base: str, folder: str, since: str, nesting: str = "") -> None:
    """Read all tickets. With a `nesting` of 0 lists within a ticket stay with it, else each has files of its own."""
    source = rest_api_source(
        {
            "client": {
                "base_url": base,
                "auth": HttpBasicAuth("bench", "X"),
                "paginator": {"type": "header_link"},
            },
            "resources": [
                {
                    "name": "tickets",
                    "primary_key": "id",
                    "write_disposition": "append",
                    "endpoint": {
                        "path": "api/v2/tickets",
                        "params": {
                            "updated_since": since,
                            "order_by": "updated_at",
                            "order_type": "asc",
                            "per_page": 100,
                            "include": "requester,stats,description",
                        },
                        "data_selector": "$",
                    },
                }
            ],
        },
        name="freshdesk",
        max_table_nesting=int(nesting) if nesting else None,
    )
    pipeline = dlt.pipeline(
        pipeline_name="bench",
        destination=filesystem(bucket_url=f"file://{folder}/out"),
        dataset_name="bench",
        pipelines_dir=f"{folder}/work",
    )
    pipeline.run(source, loader_file_format="jsonl")


if __name__ == "__main__":
    main(*sys.argv[1:])
