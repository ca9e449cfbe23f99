//! Points at which a test has the process die or the disk fail, before and after each step that makes something last.
//!
//! They are in builds with the feature `failpoints` alone; in any other each is nothing. A process that is
//! told to by its environment counts the points that it reaches, from 1, in the order in which it reaches
//! them:
//!
//! - `KOSMOS_FAILPOINT_LOG=FILE`: a line per point is added to the file, `NUMBER NAME OF`;
//! - `KOSMOS_FAILPOINT_ABORT=NUMBER`: it dies at that point, without another instruction, as by `kill -9`;
//! - `KOSMOS_FAILPOINT_HALT=1`: it stops at each point, as by `kill -STOP`, until it is told to continue;
//! - `KOSMOS_FAILPOINT_ERROR=NAME=ERRNO`: each write at points of that name fails with that error of the system.

use std::io::{self, Write};

/// A point that can only be died at. `of` is what it is reached for.
#[inline]
pub fn crash(name: &str, of: &str) {
    #[cfg(feature = "failpoints")]
    armed::reached(name, of);
    #[cfg(not(feature = "failpoints"))]
    let _ = (name, of);
}

/// A point before something of the disk's, which can also fail there.
///
/// # Errors
/// The one that the test asks for.
#[inline]
pub fn disk(name: &str) -> io::Result<()> {
    crash(name, "");
    #[cfg(feature = "failpoints")]
    return armed::failing(name);
    #[cfg(not(feature = "failpoints"))]
    Ok(())
}

/// A point before an operation of the disk's that can only fail there: it is not counted, because a process that dies
/// before it has changed nothing.
///
/// # Errors
/// The one that the test asks for.
#[inline]
pub fn fault(name: &str) -> io::Result<()> {
    #[cfg(feature = "failpoints")]
    return armed::failing(name);
    #[cfg(not(feature = "failpoints"))]
    {
        let _ = name;
        Ok(())
    }
}

/// Writes all of `content`, with a point before, in the middle, where half of it is written, and after.
///
/// # Errors
/// Those of the writer.
#[inline]
pub fn write_all(mut to: impl Write, name: &str, content: &[u8]) -> io::Result<()> {
    #[cfg(feature = "failpoints")]
    {
        let (first, second) = content.split_at(content.len() / 2);
        crash(&format!("{name}.before"), "");
        to.write_all(first)?;
        disk(&format!("{name}.half"))?;
        to.write_all(second)?;
        crash(&format!("{name}.after"), "");
        Ok(())
    }
    #[cfg(not(feature = "failpoints"))]
    {
        let _ = name;
        to.write_all(content)
    }
}

#[cfg(feature = "failpoints")]
mod armed {
    use std::{
        env,
        fs::{File, OpenOptions},
        io::{self, Write},
        sync::{LazyLock, Mutex, PoisonError},
    };

    struct Orders {
        log: Option<File>,
        abort: Option<u64>,
        halt: bool,
        error: Option<(String, i32)>,
        reached: u64,
    }

    static ORDERS: LazyLock<Mutex<Orders>> = LazyLock::new(|| {
        let variable = |name: &str| env::var(format!("KOSMOS_FAILPOINT_{name}")).ok();
        let log = variable("LOG").and_then(|path| OpenOptions::new().create(true).append(true).open(path).ok());
        let error = variable("ERROR").and_then(|text| {
            let (name, number) = text.split_once('=')?;
            Some((name.to_owned(), number.parse().ok()?))
        });
        Mutex::new(Orders {
            log,
            halt: variable("HALT").is_some(),
            abort: variable("ABORT").and_then(|number| number.parse().ok()),
            error,
            reached: 0,
        })
    });

    pub(super) fn reached(name: &str, of: &str) {
        let mut orders = ORDERS.lock().unwrap_or_else(PoisonError::into_inner);
        orders.reached += 1;
        let number = orders.reached;
        if let Some(log) = &mut orders.log {
            // What a test does not find there, it misses.
            let _ = writeln!(log, "{number} {name} {of}");
        }
        if orders.halt {
            // Sent to this thread, so that it does not go on until all have stopped.
            let _ = nix::sys::signal::raise(nix::sys::signal::Signal::SIGSTOP);
        }
        if orders.abort == Some(number) {
            std::process::abort();
        }
    }

    pub(super) fn failing(name: &str) -> io::Result<()> {
        let orders = ORDERS.lock().unwrap_or_else(PoisonError::into_inner);
        match &orders.error {
            Some((at, number)) if at == name => Err(io::Error::from_raw_os_error(*number)),
            _ => Ok(()),
        }
    }
}
