//! The translation of the driver's errors.

use neo4rs::{Error, Neo4jErrorKind};

use crate::graph::GraphError;

/// An error of the driver as ours, and whether another try may do better.
pub(super) fn convert_driver_error(address: &str, error: &Error) -> (GraphError, bool) {
    let address = address.to_owned();
    let refused = |reason: String, remedy| {
        let error = GraphError::Refused {
            address: address.clone(),
            reason,
            remedy,
        };
        (error, false)
    };
    match error {
        Error::AuthenticationError(reason) => refused(reason.clone(), CREDENTIALS),
        Error::UrlParseError(_) | Error::UnsupportedScheme(_) | Error::InvalidDnsName(_) | Error::InvalidConfig => {
            refused(error.to_string(), "name one such as bolt://127.0.0.1:7687")
        }
        Error::ProtocolMismatch(_) | Error::UnsupportedVersion(..) => {
            refused(error.to_string(), "name its Bolt port, usually 7687")
        }
        Error::Neo4j(told) => {
            let code = told.code();
            match told.kind() {
                // A MERGE that loses to another is not wrong, only late; ArcadeDB tells of it at the commit.
                Neo4jErrorKind::Transient => (server_away(address, error), true),
                _ if code.contains("ConstraintValidationFailed") || code.contains("Transaction") => {
                    (server_away(address, error), true)
                }
                _ if code.contains("Security") => refused(error.to_string(), CREDENTIALS),
                _ if code.contains("DatabaseNotFound") || code.contains("Database.") => refused(
                    error.to_string(),
                    "name a database that the server has in graph.database",
                ),
                _ => refused(error.to_string(), "this is what it said of our query; please report it"),
            }
        }
        Error::ConversionError | Error::DeserializationError(_) | Error::UnknownType(_) => refused(
            error.to_string(),
            "something other than Kosmos may have written to this graph",
        ),
        Error::IOError { .. } if error.to_string().contains("invalid peer certificate") => refused(
            error.to_string(),
            "give it a certificate that this machine trusts; bolt+ssc:// and neo4j+ssc:// take any",
        ),
        // The connection failed or broke.
        _ => (server_away(address, error), true),
    }
}

const CREDENTIALS: &str = "set graph.user, graph.database and the password in NEO4J_PASSWORD to those of the server";

fn server_away(address: String, error: &Error) -> GraphError {
    GraphError::Away {
        address,
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_that_is_not_trusted_is_no_outage() {
        let told = |reason: &str| Error::IOError {
            detail: std::io::Error::other(reason.to_owned()),
        };
        let (error, again) = convert_driver_error("bolt+s://h", &told("invalid peer certificate: UnknownIssuer"));
        assert!(matches!(error, GraphError::Refused { .. }) && !again, "{error}");
        assert!(error.help().is_some_and(|help| help.contains("bolt+ssc://")), "{error}");
        let (error, again) = convert_driver_error("bolt+s://h", &told("connection refused"));
        assert!(matches!(error, GraphError::Away { .. }) && again, "{error}");
    }
}
