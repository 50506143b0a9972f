"""The files that `gateway init` writes, as text: what works on one machine, to be changed from there."""

CONFIGURATION = """\
# yaml-language-server: $schema=gateway.schema.json
# The configuration of one gateway. `gateway check` reads it and says everything that is wrong, at its place.
# Paths start at the folder of this file. A secret never stands here: write {{env: NAME}} or {{file: PATH}}.
version: 1
name: {name}                        # who sends the notices: letters, digits, `.`, `_`, `-`
listen: 127.0.0.1:8080                     # vendors reach us here: POST /in/CONNECTOR, and /healthz; nothing else
admin: 127.0.0.1:8081                      # people reach us here, always with a token
database: sqlite:///gateway.db
key_file: gateway.key                      # seals the tokens of connectors that `gateway authorize` connects
policy: policy.yaml                        # or preset:{preset}, for the policy as it comes along
# body_limit: 1MiB                         # the longest body that is read
# admin_token: {{env: GATEWAY_ADMIN_TOKEN}}  # unless given, each start makes one

connectors:                                # what comes in; the name is the end of its address: /in/events
  events:
    plugin: events                         # any system posts events here, signed by Standard Webhooks
    secret: {{env: EVENTS_SECRET}}           # a list of secrets: all of them verify
# desk:                                    # `gateway plugin list` shows what is installed: zendesk, salesforce, …
#   plugin: freshdesk                      # docs/reference/connectors has the settings of each
#   domain: acme                           # of https://acme.freshdesk.com
#   api_key: {{env: FRESHDESK_API_KEY}}

# enrichers:                               # who is asked about customers; the policy's `enrich` uses these names
#   payments:                              # in conditions: contact.facts.payments
#     plugin: stripe                       # `gateway plugin list` shows those that are installed
#     api_key: {{env: STRIPE_API_KEY}}       # a restricted key that may only read

endpoints:                                 # where notices go; the roles of the policy use these names
  helpdesk:
    url: http://127.0.0.1:9000/            # `gateway listen` answers here; put your receiver's https:// address
    allow_private: true                    # only for addresses on this machine or in a private network
    secret: {{env: HELPDESK_SECRET}}         # a list of secrets: each of them signs
    notices: ["sla.*", "escalation.*"]     # beside what its roles are called for
"""

ENVIRONMENT = """\
# The secrets that gateway.yaml names. Copy this file to .env, and keep both out of version control: these values were
# made for you alone. Load them with: set -a; . ./.env; set +a
EVENTS_SECRET={events}
HELPDESK_SECRET={helpdesk}
"""

IGNORED = (".env", "gateway.key", "gateway.db*")
"""What never belongs into version control."""

IGNORE = """\
# Secrets, customers' data, and the key that seals tokens: never into version control.
"""

NEXT = """\
Next, in {folder}:
  cp .env.example .env && set -a && . ./.env && set +a
  gateway check
  gateway policy test                         # what the policy promises, in virtual time
  gateway listen --secret HELPDESK_SECRET     # in another terminal: a receiver that verifies and prints
  gateway run
Then make policy.yaml yours: office hours, targets, and whom to call. `gateway policy test` tells which promise a change
breaks; policy.tests.yaml says what was promised, and changes with it.
Keep a copy of gateway.key apart from backups of the database: tokens are sealed with it."""


def configuration(preset: str) -> str:
    """The text of gateway.yaml."""
    return CONFIGURATION.format(name="orion-gateway", preset=preset)


def ignore() -> str:
    """The text of .gitignore."""
    return IGNORE + "".join(f"{name}\n" for name in IGNORED)


def environment(events: str, helpdesk: str) -> str:
    """The text of .env.example, with secrets that were made for it."""
    return ENVIRONMENT.format(events=events, helpdesk=helpdesk)
