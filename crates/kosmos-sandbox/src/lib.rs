//! Sandboxes and the interpreters that run in them.
