//! The component's world, generated from `agents/sdk/wit/agent.wit`.

// The macro upholds the invariants of the types that it generates.
#![allow(unsafe_code, missing_docs)]

wasmtime::component::bindgen!({ path: "agents/sdk/wit", world: "agent", imports: { default: trappable } });
