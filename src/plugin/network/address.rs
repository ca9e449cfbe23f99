//! Hosts, and the classes of IP addresses after the IANA registries of special-purpose addresses (RFC 6890 and its
//! updates). [`HostRule`](super::HostRule) says which of them an agent may reach.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use reqwest::Url;

/// The host of an address, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// A name, which must be resolved.
    Name(String),
    /// An IP address that stands in the address itself.
    Address(IpAddr),
}

impl Host {
    /// The host of an `http` or `https` address. All ways to write an IPv4 address give the same one.
    pub fn of(url: &Url) -> Option<Self> {
        let text = url.host_str()?;
        let inside = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
        match inside {
            Some(inside) => inside
                .parse::<Ipv6Addr>()
                .ok()
                .map(|address| Self::Address(address.into())),
            None => Some(match text.parse() {
                Ok(address) => Self::Address(address),
                Err(_) => Self::Name(text.to_lowercase()),
            }),
        }
    }
}

/// The class of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressClass {
    /// An address of the public internet.
    Public,
    /// This machine.
    Loopback,
    /// The same link; clouds serve a machine's credentials there.
    LinkLocal,
    /// A private network (RFC 1918), or a site-local one (RFC 3879).
    Private,
    /// Between a provider's carrier-grade NAT and its customers (RFC 6598).
    Shared,
    /// A private network of IPv6 (RFC 4193).
    UniqueLocal,
    /// `0.0.0.0/8` and `::`; a connection there reaches this machine.
    Unspecified,
    /// A group of machines.
    Multicast,
    /// All machines of a link.
    Broadcast,
    /// Examples in documents.
    Documentation,
    /// Measurements of network devices.
    Benchmarking,
    /// Protocol assignments, tunnels, and what is not assigned.
    Reserved,
}

use AddressClass::{
    Benchmarking, Broadcast, Documentation, LinkLocal, Loopback, Multicast, Private, Public, Reserved, Shared,
    UniqueLocal, Unspecified,
};

/// Ranges of IPv4, the first that contains an address counts; all others are public.
const IPV4: [(Ipv4Addr, u32, AddressClass); 17] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8, Unspecified),
    (Ipv4Addr::new(10, 0, 0, 0), 8, Private),
    (Ipv4Addr::new(100, 64, 0, 0), 10, Shared),
    (Ipv4Addr::new(127, 0, 0, 0), 8, Loopback),
    (Ipv4Addr::new(169, 254, 0, 0), 16, LinkLocal),
    (Ipv4Addr::new(172, 16, 0, 0), 12, Private),
    (Ipv4Addr::new(192, 0, 0, 0), 24, Reserved),
    (Ipv4Addr::new(192, 0, 2, 0), 24, Documentation),
    (Ipv4Addr::new(192, 88, 99, 0), 24, Reserved),
    (Ipv4Addr::new(192, 168, 0, 0), 16, Private),
    (Ipv4Addr::new(198, 18, 0, 0), 15, Benchmarking),
    (Ipv4Addr::new(198, 51, 100, 0), 24, Documentation),
    (Ipv4Addr::new(203, 0, 113, 0), 24, Documentation),
    (Ipv4Addr::new(233, 252, 0, 0), 24, Documentation),
    (Ipv4Addr::new(224, 0, 0, 0), 4, Multicast),
    (Ipv4Addr::new(255, 255, 255, 255), 32, Broadcast),
    (Ipv4Addr::new(240, 0, 0, 0), 4, Reserved),
];

/// Ranges of IPv6, the first that contains an address counts; all others are reserved.
const IPV6: [(Ipv6Addr, u32, AddressClass); 11] = [
    (Ipv6Addr::UNSPECIFIED, 128, Unspecified),
    (Ipv6Addr::LOCALHOST, 128, Loopback),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, LinkLocal),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, Private),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, UniqueLocal),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, Multicast),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, Documentation),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, Documentation),
    (Ipv6Addr::new(0x2001, 2, 0, 0, 0, 0, 0, 0), 48, Benchmarking),
    // Protocol assignments, among them Teredo, which carries an IPv4 address.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, Reserved),
    (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3, Public),
];

impl AddressClass {
    /// Classifies an address. An IPv6 address that stands for an IPv4 address has the class of that one.
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::of_v4(address),
            IpAddr::V6(address) => match embedded_v4(address) {
                Some(inner) => Self::of_v4(inner),
                None => Self::of_v6(address),
            },
        }
    }

    fn of_v4(address: Ipv4Addr) -> Self {
        let contains = |range: Ipv4Addr, length: u32| (range.to_bits() ^ address.to_bits()).leading_zeros() >= length;
        let found = IPV4.into_iter().find(|(range, length, _)| contains(*range, *length));
        found.map_or(Public, |(_, _, class)| class)
    }

    fn of_v6(address: Ipv6Addr) -> Self {
        let contains = |range: Ipv6Addr, length: u32| (range.to_bits() ^ address.to_bits()).leading_zeros() >= length;
        let found = IPV6.into_iter().find(|(range, length, _)| contains(*range, *length));
        found.map_or(Reserved, |(_, _, class)| class)
    }

    /// Returns true for this machine and networks that are not public.
    pub fn is_local(self) -> bool {
        matches!(self, Loopback | LinkLocal | Private | Shared | UniqueLocal)
    }
}

impl fmt::Display for AddressClass {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Public => "a public address",
            Loopback => "a loopback address",
            LinkLocal => "a link-local address",
            Private => "a private address",
            Shared => "a carrier-grade NAT address",
            UniqueLocal => "a unique local address",
            Unspecified => "an unspecified address",
            Multicast => "a multicast address",
            Broadcast => "a broadcast address",
            Documentation => "an address for documentation",
            Benchmarking => "an address for benchmarks",
            Reserved => "a reserved address",
        })
    }
}

/// The form in which everybody reads an address as this one; of an IPv6 address that stands for an IPv4 address, the
/// form of that one.
pub(super) fn usual_form(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => match embedded_v4(address) {
            Some(inner) => inner.to_string(),
            None => format!("[{address}]"),
        },
    }
}

/// The IPv4 address that an IPv6 address stands for: mapped (RFC 4291), 6to4 (RFC 3056) or NAT64 (RFC 6052).
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let from = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x2002, high, low, ..] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(from(high, low))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first and the last address of each range, their neighbours, and addresses that stand for others.
    const CASES: [(AddressClass, &[&str]); 12] = [
        (
            Public,
            &[
                "1.0.0.0",
                "8.8.8.8",
                "9.255.255.255",
                "11.0.0.0",
                "100.63.255.255",
                "100.128.0.0",
                "126.255.255.255",
                "128.0.0.0",
                "169.253.255.255",
                "169.255.0.0",
                "172.15.255.255",
                "172.32.0.0",
                "192.0.1.0",
                "192.0.3.0",
                "192.88.98.255",
                "192.88.100.0",
                "192.167.255.255",
                "192.169.0.0",
                "198.17.255.255",
                "198.20.0.0",
                "198.51.99.255",
                "198.51.101.0",
                "203.0.112.255",
                "203.0.114.0",
                "223.255.255.255",
                "2000::",
                "2001:200::1",
                "2001:db7:ffff::1",
                "2001:db9::",
                "2606:4700::1111",
                "3ffe:ffff::1",
                "3fff:1000::",
                "::ffff:8.8.8.8",
                "2002:808:808::1",
                "64:ff9b::8.8.8.8",
            ],
        ),
        (
            Loopback,
            &[
                "127.0.0.0",
                "127.0.0.1",
                "127.1.2.3",
                "127.255.255.255",
                "::1",
                "::ffff:127.0.0.1",
                "::ffff:7f00:1",
                "2002:7f00:1::",
                "64:ff9b::127.0.0.1",
            ],
        ),
        (
            LinkLocal,
            &[
                "169.254.0.0",
                "169.254.169.254",
                "169.254.255.255",
                "fe80::",
                "fe80::1",
                "febf:ffff::",
                "::ffff:169.254.169.254",
                "2002:a9fe:a9fe::1",
                "64:ff9b::a9fe:a9fe",
            ],
        ),
        (
            Private,
            &[
                "10.0.0.0",
                "10.255.255.255",
                "172.16.0.0",
                "172.31.255.255",
                "192.168.0.0",
                "192.168.255.255",
                "fec0::1",
                "feff:ffff::",
                "::ffff:10.1.2.3",
                "2002:a01:203::",
                "2002:c0a8:1::9",
                "64:ff9b::192.168.1.1",
            ],
        ),
        (
            Shared,
            &[
                "100.64.0.0",
                "100.127.255.255",
                "::ffff:100.64.0.1",
                "64:ff9b::100.64.0.1",
            ],
        ),
        (UniqueLocal, &["fc00::", "fd12:3456::1", "fdff:ffff::"]),
        (
            Unspecified,
            &[
                "0.0.0.0",
                "0.1.2.3",
                "0.255.255.255",
                "::",
                "::ffff:0.0.0.0",
                "64:ff9b::",
            ],
        ),
        (
            Multicast,
            &[
                "224.0.0.0",
                "224.0.0.251",
                "239.255.255.255",
                "ff00::",
                "ff02::1",
                "::ffff:224.0.0.1",
            ],
        ),
        (Broadcast, &["255.255.255.255", "::ffff:255.255.255.255"]),
        (
            Documentation,
            &[
                "192.0.2.0",
                "192.0.2.255",
                "198.51.100.7",
                "203.0.113.9",
                "233.252.0.1",
                "2001:db8::",
                "2001:db8:ffff::",
                "3fff::",
                "3fff:fff::1",
                "::ffff:192.0.2.1",
            ],
        ),
        (
            Benchmarking,
            &[
                "198.18.0.0",
                "198.19.255.255",
                "2001:2::",
                "2001:2:0:ffff::",
                "::ffff:198.18.0.1",
            ],
        ),
        (
            Reserved,
            &[
                "192.0.0.0",
                "192.0.0.255",
                "192.88.99.1",
                "240.0.0.0",
                "255.255.255.254",
                "::2",
                "::127.0.0.1",
                "::ffff:0:127.0.0.1",
                "64:ff9b:1::1",
                "64:ff9b:1::127.0.0.1",
                "100::1",
                "2001::1",
                "2001:0:7f00:1::",
                "2001:1ff::",
                "4000::",
                "5f00::1",
                "fbff::",
                "1fff:ffff::",
            ],
        ),
    ];

    #[test]
    fn each_address_has_the_class_of_its_range() {
        for (class, addresses) in CASES {
            for address in addresses {
                assert_eq!(AddressClass::of(address.parse().unwrap()), class, "{address}");
            }
        }
    }

    #[test]
    fn only_local_addresses_can_be_listed() {
        let local: Vec<AddressClass> = CASES
            .into_iter()
            .map(|(class, _)| class)
            .filter(|class| class.is_local())
            .collect();
        assert_eq!(local, [Loopback, LinkLocal, Private, Shared, UniqueLocal]);
    }
}
