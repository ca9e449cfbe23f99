//! Writes the first inputs of each target to `fuzz/corpus`.

use std::{fs, io, path::Path};

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (target, inputs) in kosmos_fuzz::seeds::seeds(&root.join(".."))? {
        let folder = root.join("corpus").join(target);
        fs::create_dir_all(&folder)?;
        for (nth, input) in inputs.iter().enumerate() {
            fs::write(folder.join(format!("seed-{nth}")), input)?;
        }
    }
    Ok(())
}
