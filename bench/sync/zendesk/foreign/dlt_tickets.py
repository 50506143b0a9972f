"""Run with dlt's own interpreter: its REST source reads the tickets' export into files of JSON lines.

As the reference describes the source for an API that turns pages by cursor; the destination is a folder.
"""

import sys

import dlt  # type: ignore[import-not-found]
from dlt.destinations import filesystem  # type: ignore[import-not-found]
from dlt.sources.helpers.rest_client.auth import BearerTokenAuth  # type: ignore[import-not-found]
from dlt.sources.rest_api import rest_api_source  # type: ignore[import-not-found]


def main(base: str, folder: str, nesting: str = "") -> None:
    """Read all tickets. With a `nesting` of 0 lists within a ticket stay with it, else each has files of its own."""
    source = rest_api_source(
        {
            "client": {
                "base_url": base,
                "auth": BearerTokenAuth("bench"),
                "paginator": {
                    "type": "cursor",
                    "cursor_path": "after_cursor",
                    "cursor_param": "cursor",
                    # `end_of_stream` says the opposite of what dlt can look at: it asks once more, and gets nothing.
                    "stop_after_empty_page": True,
                },
            },
            "resources": [
                {
                    "name": "tickets",
                    "primary_key": "id",
                    "write_disposition": "append",
                    "endpoint": {
                        "path": "api/v2/incremental/tickets/cursor.json",
                        "params": {"start_time": 0},
                        "data_selector": "tickets",
                    },
                }
            ],
        },
        name="zendesk",
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
