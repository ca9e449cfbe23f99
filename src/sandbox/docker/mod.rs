//! The backend for a container engine: Docker or what speaks its API.

pub mod image;
