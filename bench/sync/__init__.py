"""Reading the tickets of a Zendesk account, beside dlt, tap-zendesk and Airbyte."""
