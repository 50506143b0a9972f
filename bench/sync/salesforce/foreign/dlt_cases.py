"""Run with dlt's own interpreter: its REST source reads the rows of a query into files of JSON lines.

As the reference describes the source for an API that links its pages; the destination is a folder.
"""

import sys

import dlt  # type: ignore[import-not-found]
from dlt.destinations import filesystem  # type: ignore[import-not-found]
from dlt.sources.helpers.rest_client.auth import BearerTokenAuth  # type: ignore[import-not-found]
from dlt.sources.rest_api import rest_api_source  # type: ignore[import-not-found]


def main(base: str, folder: str, path: str, query: str) -> None:
    """Read all cases."""
    source = rest_api_source(
        {
            "client": {
                "base_url": base,
                "auth": BearerTokenAuth("bench"),
                "paginator": {"type": "json_link", "next_url_path": "nextRecordsUrl"},
            },
            "resources": [
                {
                    "name": "tickets",
                    "primary_key": "Id",
                    "write_disposition": "append",
                    "endpoint": {"path": path, "params": {"q": query}, "data_selector": "records"},
                }
            ],
        },
        name="salesforce",
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
