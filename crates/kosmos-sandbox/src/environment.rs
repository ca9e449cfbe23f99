//! The environment variables that a script sees.

use std::env;

/// Returns all environment variables that a script sees, the same in every backend.
pub(super) fn script_environment() -> Vec<(String, String)> {
    let fixed = [
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("HOME", "/tmp"),
        ("LANG", "C.UTF-8"),
        ("PYTHONHASHSEED", "0"),
        ("PYTHONDONTWRITEBYTECODE", "1"),
        ("OMP_NUM_THREADS", "1"),
        ("OPENBLAS_NUM_THREADS", "1"),
        ("MKL_NUM_THREADS", "1"),
        ("MPLBACKEND", "Agg"),
        ("MPLCONFIGDIR", "/tmp"),
    ];
    let mut all: Vec<(String, String)> = fixed.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
    // Older builds of OpenBLAS compute wrong results on some processors without it.
    if let Ok(core) = env::var("OPENBLAS_CORETYPE")
        && core.chars().all(|c| c.is_ascii_alphanumeric())
    {
        all.push(("OPENBLAS_CORETYPE".to_owned(), core));
    }
    all
}
