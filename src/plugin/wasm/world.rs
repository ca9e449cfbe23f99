//! The world that a component lives in, from `agents/sdk/wit/agent.wit`.

// What the macro writes keeps the promises of the types that it derives.
#![allow(unsafe_code, missing_docs)]

wasmtime::component::bindgen!({ path: "agents/sdk/wit", world: "agent", imports: { default: trappable } });
