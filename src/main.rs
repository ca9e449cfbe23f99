//! The `kosmos` command.
fn main() {
    kosmos::sandbox::entry();
}
