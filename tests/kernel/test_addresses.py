"""Which addresses requests may go to."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.kernel.addresses import is_public, numeric_host

_REFUSED = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255 127.0.0.1 127.255.255.254
168.63.129.16 169.254.0.1 169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.192 192.0.2.1
192.88.99.1 192.168.0.1 192.168.255.255 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255
240.0.0.1 255.255.255.255
:: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:0:127.0.0.1 64:ff9b::7f00:1
64:ff9b::8.8.8.8 64:ff9b:1::1 100::1 2001::1 2001:0:7f00:1:: 2001:2::1 2001:10::1 2001:20::1 2001:db8::1
2002:7f00:1:: 2002:808:808:: 3fff::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1 fe80::1%eth0 fec0::1 ff02::1 ff0e::1
4000::1 2606:4700::1%1
169.254.170.23 fd20:ce::254 3fff:fff::1 64:ff9b:1::a9fe:a9fe 2001:1ff::1 ::ffff:168.63.129.16
::ffff:0.0.0.0 5f00:ffff::1
"""
_PUBLIC = """
1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1 168.63.129.15 169.253.1.1
172.15.255.255 172.32.0.0 192.0.1.0 192.167.255.255 198.17.255.255 198.20.0.0 223.255.255.255 ::ffff:8.8.8.8
2001:200::1 2001:4860:4860::8888 2606:4700::1111 2a00:1450::1
"""
REFUSED = _REFUSED.split()
PUBLIC = _PUBLIC.split()


@pytest.mark.parametrize("address", REFUSED)
def test_addresses_that_are_not_the_public_internet(address: str) -> None:
    """Private, local, shared, reserved, documentation, multicast, tunnels, clouds' inner services."""
    assert is_public(address) is False


@pytest.mark.parametrize("address", PUBLIC)
def test_addresses_of_the_public_internet(address: str) -> None:
    """The neighbours of every refused range are reachable."""
    assert is_public(address) is True


@given(st.ip_addresses())
def test_nothing_is_public_that_the_standard_library_calls_private(address: object) -> None:
    """Our table only ever refuses more."""
    parsed = ip_address(str(address))
    if is_public(parsed):
        assert parsed.is_global


@given(st.ip_addresses(v=4))
def test_an_address_in_other_clothes_is_the_same(address: object) -> None:
    """Mapped into IPv6, an address is judged as itself; translated or tunnelled, it is refused."""
    assert is_public(f"::ffff:{address}") == is_public(str(address))
    assert is_public(f"64:ff9b::{address}") is False
    assert is_public(f"::{address}") is False


@pytest.mark.parametrize("text", ["", "localhost", "127.1", "0x7f.0.0.1", "1.2.3.4.5", "1.2.3.4/8", "::g", "\udc80"])
def test_what_is_no_address_is_not_public(text: str) -> None:
    """Never an exception."""
    assert is_public(text) is False


@pytest.mark.parametrize(
    ("host", "numeric"),
    [("2130706433", True), ("0x7f.1", True), ("127.1", True), ("0177.0.0.1", True), ("127.0.0.1.", True),
     ("a.0x7F", True), ("0x", True), ("example.com", False), ("1.example", False), ("0xyz", False), ("", False)],
)  # fmt: skip
def test_hosts_that_some_reader_takes_for_a_number(host: str, numeric: bool) -> None:
    """A host whose last label is a number is never a name."""
    assert numeric_host(host) is numeric
