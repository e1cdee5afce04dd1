//! Which proxies stand before the service, so that what they report of a caller's address is believed.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use ipnet::IpNet;

/// The networks of proxies that the deployment trusts. None is trusted unless it is named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Who calls: whoever connected, or where that is one of these proxies, the last hop before them in
    /// `X-Forwarded-For`. Each proxy writes whom it was called by behind what it was sent, so the list is read from its
    /// end: what stands before the first hop that is no such proxy, the caller may have written itself.
    pub fn caller<'a>(&self, peer: IpAddr, forwarded: impl DoubleEndedIterator<Item = &'a str>) -> IpAddr {
        let mut caller = peer.to_canonical();
        for hop in forwarded.rev() {
            match written_ip(hop).filter(|_| self.include(caller)) {
                Some(before) => caller = before,
                None => break,
            }
        }
        caller
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn include(&self, ip: IpAddr) -> bool {
        self.0.iter().any(|net| net.contains(&ip))
    }
}

/// An address as proxies and API Gateway write it: some with its port, or with spaces around it.
pub fn written_ip(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    let ip: Option<IpAddr> = bare.parse().ok();
    let with_port = || text.parse().ok().map(|address: SocketAddr| address.ip());
    ip.or_else(with_port).map(|ip| ip.to_canonical())
}

impl fmt::Display for TrustedProxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        match all.is_empty() {
            true => f.write_str("none"),
            false => f.write_str(&all.join(",")),
        }
    }
}

impl FromStr for TrustedProxies {
    type Err = ();

    /// Networks and addresses, with commas between them. Everybody is no proxy: `/0` would let each caller choose its
    /// address.
    fn from_str(text: &str) -> Result<Self, ()> {
        let net = |text: &str| {
            let net: IpNet = text
                .parse()
                .or_else(|_| text.parse().map(|ip: IpAddr| ip.into()))
                .map_err(drop)?;
            Some(net.trunc()).filter(|net| net.prefix_len() > 0).ok_or(())
        };
        text.split(',')
            .map(str::trim)
            .map(net)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(trusted: &str, peer: &str, forwarded: &str) -> String {
        let trusted: TrustedProxies = trusted.parse().unwrap();
        trusted.caller(peer.parse().unwrap(), forwarded.split(',')).to_string()
    }

    #[test]
    fn a_list_is_read_from_its_end_past_the_proxies_that_are_trusted_and_no_further() {
        let both = "10.0.0.0/8,192.0.2.7,2001:db8::/32";
        for (peer, forwarded, expected) in [
            ("203.0.113.9", "", "203.0.113.9"),
            ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
            ("10.1.2.3", "198.51.100.1", "198.51.100.1"),
            ("10.1.2.3", "1.1.1.1, 198.51.100.1", "198.51.100.1"),
            ("10.1.2.3", "1.1.1.1, 198.51.100.1, 192.0.2.7", "198.51.100.1"),
            ("10.1.2.3", "198.51.100.1:4711", "198.51.100.1"),
            ("10.1.2.3", "[2001:db9::1]:443", "2001:db9::1"),
            ("2001:db8::1", "[2001:db9::1]", "2001:db9::1"),
            ("::ffff:10.1.2.3", "::ffff:198.51.100.1", "198.51.100.1"),
            ("10.1.2.3", "", "10.1.2.3"),
            ("10.1.2.3", "198.51.100.1, unknown", "10.1.2.3"),
            ("10.1.2.3", "10.9.9.9", "10.9.9.9"),
        ] {
            assert_eq!(caller(both, peer, forwarded), expected, "{peer} for {forwarded}");
        }
    }

    #[test]
    fn nobody_is_trusted_by_default_and_everybody_never() {
        assert!(TrustedProxies::default().is_empty());
        for text in ["0.0.0.0/0", "::/0", "10.0.0.0/33", "10.0.0.0/8,", "proxy.example", ""] {
            assert_eq!(text.parse::<TrustedProxies>(), Err(()), "{text}");
        }
        let read: TrustedProxies = " 10.1.2.3/8 , 192.0.2.7".parse().unwrap();
        assert_eq!(read.to_string(), "10.0.0.0/8,192.0.2.7/32");
    }
}
