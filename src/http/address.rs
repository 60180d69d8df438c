//! Where the server listens, and whom it takes for a proxy.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    str::FromStr,
};

use serde::{Deserialize, Deserializer, de::Error};

/// Where requests are taken.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Listen {
    /// An address and a port; port 0: the system picks one.
    Tcp(SocketAddr),
    /// A socket in the file system: `unix:/run/hallpass.sock`.
    Unix(PathBuf),
}

/// The text is no place to listen at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NoListen;

impl fmt::Display for NoListen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected an address with a port (127.0.0.1:10000, [::1]:10000) or unix:/path")
    }
}

impl std::error::Error for NoListen {}

impl Listen {
    /// Whether only this machine can reach it.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self {
            Self::Tcp(address) => address.ip().is_loopback(),
            Self::Unix(_) => true,
        }
    }
}

impl FromStr for Listen {
    type Err = NoListen;

    fn from_str(text: &str) -> Result<Self, NoListen> {
        if let Some(path) = text.strip_prefix("unix:") {
            return if path.starts_with('/') { Ok(Self::Unix(path.into())) } else { Err(NoListen) };
        }
        // `localhost` is the one name that needs no resolver.
        let numeric = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
        numeric.as_deref().unwrap_or(text).parse().map(Self::Tcp).map_err(|_| NoListen)
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "http://{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl<'de> Deserialize<'de> for Listen {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

/// The other end of a connection.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Peer {
    /// An address.
    Ip(IpAddr),
    /// Somebody at a socket in the file system.
    Unix,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(ip) => ip.fmt(f),
            Self::Unix => f.write_str("unix"),
        }
    }
}

/// A network of proxies: `10.0.0.0/8`, one address, or `unix`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Network {
    /// Addresses that share their first bits.
    Ip {
        /// One of them.
        base: IpAddr,
        /// How many bits are shared.
        bits: u32,
    },
    /// Whoever reaches the socket in the file system.
    Unix,
}

impl Network {
    /// Whether `peer` belongs to it.
    #[must_use]
    pub fn holds(&self, peer: Peer) -> bool {
        match (self, peer) {
            (Self::Unix, Peer::Unix) => true,
            (Self::Ip { base: IpAddr::V4(base), bits }, Peer::Ip(ip)) => match ip.to_canonical() {
                IpAddr::V4(ip) => (u32::from(*base) ^ u32::from(ip)).checked_shr(32 - bits).unwrap_or(0) == 0,
                IpAddr::V6(_) => false,
            },
            (Self::Ip { base: IpAddr::V6(base), bits }, Peer::Ip(IpAddr::V6(ip))) => {
                (u128::from(*base) ^ u128::from(ip)).checked_shr(128 - bits).unwrap_or(0) == 0
            }
            (Self::Ip { base: IpAddr::V6(_), .. }, Peer::Ip(IpAddr::V4(_)))
            | (Self::Unix, Peer::Ip(_))
            | (Self::Ip { .. }, Peer::Unix) => false,
        }
    }
}

impl FromStr for Network {
    type Err = NoNetwork;

    fn from_str(text: &str) -> Result<Self, NoNetwork> {
        if text == "unix" {
            return Ok(Self::Unix);
        }
        let (base, bits) = match text.split_once('/') {
            Some((base, bits)) => (base, Some(bits.parse::<u32>().map_err(|_| NoNetwork)?)),
            None => (text, None),
        };
        let base: IpAddr = base.parse().map_err(|_| NoNetwork)?;
        let all = if base.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(all);
        if bits > all { Err(NoNetwork) } else { Ok(Self::Ip { base, bits }) }
    }
}

/// The text is no network.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NoNetwork;

impl fmt::Display for NoNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a network is written as 10.0.0.0/8, 192.168.1.7, fd00::/8 or unix")
    }
}

impl std::error::Error for NoNetwork {}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_its_addresses_and_no_others() {
        let holds = |network: &str, ip: &str| {
            let network: Network = network.parse().expect("a network");
            network.holds(Peer::Ip(ip.parse().expect("an address")))
        };
        assert!(holds("10.0.0.0/8", "10.255.0.1") && !holds("10.0.0.0/8", "11.0.0.1"));
        assert!(holds("192.168.1.7", "192.168.1.7") && !holds("192.168.1.7", "192.168.1.6"));
        assert!(holds("0.0.0.0/0", "8.8.8.8") && holds("fd00::/8", "fd12::1") && !holds("fd00::/8", "fe80::1"));
        assert!(holds("127.0.0.1", "::ffff:127.0.0.1"), "an address mapped into IPv6 is the same one");
        assert!(!"unix".parse::<Network>().expect("a network").holds(Peer::Ip(IpAddr::from([127, 0, 0, 1]))));
    }
}
