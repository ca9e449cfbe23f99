//! The images that scripts run in, and how they are made.
