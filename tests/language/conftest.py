"""Commands that run in this process leave logging as it was, here as in the tests of the commands."""

from tests.cli.conftest import logging_as_before as logging_as_before
