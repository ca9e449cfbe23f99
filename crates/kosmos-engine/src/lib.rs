//! The durable actor engine: journal, supervisor, agents, envelopes.
