//! first
use crate::site::*;
use kosmos::sandbox::*;

#[tokio::test]
async fn a_script_runs() {
    let site = Site::new().await;
    for row in &site.sandbox.guarantees().rows {
        eprintln!("{}: {} ({})", row.protection, row.held, row.how);
    }
    let done = site.run("print('hello'); open('result.json','w').write('1')").await;
    eprintln!("{done:?}");
    assert_eq!(done.outcome, Outcome::Ok);
}
