//! The part of the network that an agent may reach.
//!
//! | file | noun |
//! |---|---|
//! | `address` | a host, and the class of an IP address: public, loopback, private and so on |
//! | `host_rule` | an entry of `permissions.network`: a host, its port, and whether its addresses may be private |

mod address;
mod host_rule;

pub use address::{AddressClass, Host};
pub use host_rule::{HostRule, HostRuleError, config_key};
