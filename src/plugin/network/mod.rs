//! What an agent may reach on the network.
//!
//! | file | noun |
//! |---|---|
//! | `address` | classes of IP addresses: public, loopback, private and so on |
//! | `host_rule` | an entry of `permissions.network`: a host, its port, and whether its addresses may be private |

mod address;
mod host_rule;

pub use address::AddressClass;
pub use host_rule::{Host, HostRule, HostRuleError, config_key};
