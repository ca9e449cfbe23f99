//! The images of the container backend, built on a real engine and looked at from within.

use std::{sync::Mutex, time::Duration};

use bollard::{
    Docker,
    models::{ContainerCreateBody, HostConfig},
    query_parameters::{
        CreateContainerOptions, LogsOptionsBuilder, RemoveContainerOptionsBuilder, StartContainerOptions,
        WaitContainerOptions,
    },
};
use futures::{StreamExt, TryStreamExt};
use kosmos::sandbox::{
    Language,
    docker::image::{Base, BuildOptions, BuildProgress, ImageError, build_image, find_image, image_tag},
};

/// The engine for tests, or nothing where none is given.
async fn engine() -> Option<Docker> {
    let docker = Docker::connect_with_host(&kosmos_testing::service::find_container_engine()?).unwrap();
    Some(docker.negotiate_version().await.expect("the engine answers"))
}

fn options(language: Language) -> BuildOptions {
    BuildOptions {
        language,
        ..BuildOptions::default()
    }
}

/// Runs a command as scripts are run, and gives back its exit code and what it wrote.
async fn within(docker: &Docker, image: &str, command: &[&str]) -> (i64, String) {
    let body = ContainerCreateBody {
        image: Some(image.to_owned()),
        cmd: Some(command.iter().map(|&word| word.to_owned()).collect()),
        user: Some("65534:65534".to_owned()),
        host_config: Some(HostConfig {
            network_mode: Some("none".to_owned()),
            readonly_rootfs: Some(true),
            cap_drop: Some(vec!["ALL".to_owned()]),
            tmpfs: Some([("/tmp".to_owned(), "rw,size=16m".to_owned())].into()),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    };
    let id = docker
        .create_container(None::<CreateContainerOptions>, body)
        .await
        .unwrap()
        .id;
    docker
        .start_container(&id, None::<StartContainerOptions>)
        .await
        .unwrap();
    let ended = docker
        .wait_container(&id, None::<WaitContainerOptions>)
        .collect::<Vec<_>>();
    tokio::time::timeout(Duration::from_secs(120), ended)
        .await
        .expect("it ends");
    let all = LogsOptionsBuilder::default().stdout(true).stderr(true).build();
    let said: Vec<_> = docker.logs(&id, Some(all)).try_collect().await.unwrap();
    let state = docker.inspect_container(&id, None).await.unwrap().state.unwrap();
    let force = RemoveContainerOptionsBuilder::default().force(true).build();
    docker.remove_container(&id, Some(force)).await.unwrap();
    (state.exit_code.unwrap(), said.iter().map(ToString::to_string).collect())
}

/// Looks, as root would see it, for what must not be in an image.
const SEARCH: &str = r"
import os, stat
wrong = []
for folder, folders, files in os.walk('/', onerror=None):
    folders[:] = [name for name in folders if os.path.join(folder, name) not in ('/proc', '/sys', '/dev')]
    for name in folders:
        if name in ('pip', 'ensurepip', 'setuptools', 'gcc') and 'share' not in folder:
            wrong.append(os.path.join(folder, name))
    for name in files:
        path = os.path.join(folder, name)
        mode = os.lstat(path).st_mode
        if stat.S_ISREG(mode) and mode & (stat.S_ISUID | stat.S_ISGID):
            wrong.append(path)
        if folder.endswith('bin') and name.rstrip('0123456789.-') in (
            'pip', 'gcc', 'g++', 'cc', 'c++', 'cpp', 'clang', 'gfortran', 'as', 'ld', 'make', 'x86_64-linux-gnu-gcc'
        ):
            wrong.append(path)
for folder in ('/run', '/inputs'):
    found = os.stat(folder)
    if (found.st_uid, stat.S_IMODE(found.st_mode)) != (0, 0o755):
        wrong.append(folder)
for name in ('runner', 'resident'):
    open(f'/opt/kosmos/{name}.py').read()
    if not any(found.startswith(name + '.') for found in os.listdir('/opt/kosmos/__pycache__')):
        wrong.append(name + ' is not compiled')
print(os.getuid(), os.getgid(), os.getcwd(), wrong)
";

async fn assert_is_bare(docker: &Docker, image: &str) {
    let (code, said) = within(docker, image, &["/opt/kosmos/bin/python", "-I", "-c", SEARCH]).await;
    assert_eq!((code, said.trim()), (0, "65534 65534 /run []"));
}

#[tokio::test]
async fn the_image_for_python_has_every_package_and_nothing_to_build_with() {
    let Some(docker) = engine().await else { return };
    let built = build_image(&docker, &options(Language::Python), &|step| eprintln!("{step}"))
        .await
        .unwrap();
    assert_eq!(built.image.tag, image_tag(Language::Python));
    assert!(built.image.id.starts_with("sha256:"), "{built:?}");
    assert!(
        built
            .image
            .python
            .as_ref()
            .is_some_and(|version| version.starts_with("3.1")),
        "{built:?}"
    );

    assert_is_bare(&docker, &built.image.id).await;
    let imports = "import numpy, pandas, scipy.stats, sklearn.linear_model, statsmodels.api, matplotlib.pyplot, \
                   pyarrow.parquet, openpyxl, python_calamine, pyreadstat, h5py, numpy.testing, pandas.testing, glob; \
                   print(len(glob.glob('/opt/kosmos/matplotlib/fontlist-*.json')))";
    let (code, said) = within(&docker, &built.image.id, &["/opt/kosmos/bin/python", "-c", imports]).await;
    assert_eq!(code, 0, "{said}");
    assert!(said.ends_with("1\n"), "{said}");

    let seen = Mutex::new(Vec::new());
    let again = build_image(&docker, &options(Language::Python), &|step| {
        seen.lock().unwrap().push(step)
    })
    .await
    .unwrap();
    assert!(!again.fresh);
    assert_eq!(again.image, built.image);
    assert!(matches!(
        seen.into_inner().unwrap().as_slice(),
        [BuildProgress::Exists { .. }]
    ));
    assert_eq!(find_image(&docker, Language::Python, None).await.unwrap(), built.image);
    let wrong = find_image(&docker, Language::R, Some(&built.image.tag))
        .await
        .unwrap_err();
    assert!(matches!(wrong, ImageError::Foreign { .. }), "{wrong}");
}

#[tokio::test]
async fn packages_besides_the_locks_leave_the_locks_as_they_are() {
    let Some(docker) = engine().await else { return };
    let with = |packages: &[&str]| BuildOptions {
        packages: packages.iter().map(|&package| package.to_owned()).collect(),
        ..BuildOptions::default()
    };
    let built = build_image(&docker, &with(&["tabulate==0.9.0"]), &|step| eprintln!("{step}"))
        .await
        .unwrap();
    assert_ne!(built.image.tag, image_tag(Language::Python));
    assert_is_bare(&docker, &built.image.id).await;
    let versions = "import importlib.metadata as m; \
                    print(sorted(d.name.lower() + ' ' + d.version for d in m.distributions()))";
    let listed = async |image: &str| {
        let (code, said) = within(&docker, image, &["/opt/kosmos/bin/python", "-c", versions]).await;
        assert_eq!(code, 0, "{said}");
        said
    };
    let lock = find_image(&docker, Language::Python, None).await.unwrap();
    let (before, after) = (listed(&lock.id).await, listed(&built.image.id).await);
    assert!(!before.contains("tabulate"), "{before}");
    assert_eq!(after.replace(", 'tabulate 0.9.0'", ""), before);
    let compiled = "import tabulate, os; print(tabulate.tabulate([[1]]), os.path.exists(tabulate.__cached__))";
    let (code, said) = within(&docker, &built.image.id, &["/opt/kosmos/bin/python", "-c", compiled]).await;
    assert_eq!((code, said.split_whitespace().last()), (0, Some("True")), "{said}");

    let again = build_image(&docker, &with(&["tabulate==0.9.0"]), &|_| ())
        .await
        .unwrap();
    assert_eq!((again.fresh, again.image), (false, built.image));
}

#[tokio::test]
async fn packages_that_cannot_be_had_are_named() {
    let Some(docker) = engine().await else { return };
    let refused = async |package: &str| {
        let options = BuildOptions {
            packages: vec![package.to_owned()],
            ..BuildOptions::default()
        };
        build_image(&docker, &options, &|_| ()).await.unwrap_err()
    };
    let error = refused("tabulate==0.0.0.1").await;
    assert!(
        matches!(&error, ImageError::NoWheel { package, .. } if package == "tabulate==0.0.0.1"),
        "{error}"
    );
    // It needs a numpy that is older than the lock's.
    let error = refused("numba==0.57.0").await;
    assert!(
        matches!(&error, ImageError::Conflict(said) if said.contains("numba 0.57.0") && said.contains("numpy==")),
        "{error}"
    );
}

#[tokio::test]
async fn the_image_for_r_has_every_package_and_a_python() {
    let Some(docker) = engine().await else { return };
    let built = build_image(&docker, &options(Language::R), &|step| eprintln!("{step}"))
        .await
        .unwrap();
    assert_is_bare(&docker, &built.image.id).await;
    let fit = "suppressMessages({library(lme4); library(dplyr); library(tidyr); library(readr); library(ggplot2); \
               library(broom); library(jsonlite); library(survival)}); \
               cat(toJSON(round(fixef(lmer(Reaction ~ Days + (Days | Subject), sleepstudy))[[2]], 2)))";
    let (code, said) = within(&docker, &built.image.id, &["/usr/bin/Rscript", "--vanilla", "-e", fit]).await;
    // The slope that the package's own documentation gives.
    assert_eq!((code, said.trim()), (0, "[10.47]"));
}

#[tokio::test]
async fn a_missing_image_says_how_to_build_it() {
    let Some(docker) = engine().await else { return };
    let error = find_image(&docker, Language::R, Some("kosmos-sandbox:none"))
        .await
        .unwrap_err();
    assert!(matches!(error, ImageError::Missing { .. }));
    assert!(error.to_string().contains("kosmos-sandbox:none"), "{error}");
    assert_eq!(
        error.help().unwrap(),
        "build it with `kosmos sandbox build --language r`"
    );
}

#[tokio::test]
async fn a_base_that_is_nowhere_is_named() {
    let Some(docker) = engine().await else { return };
    let options = BuildOptions {
        // A registry that is nowhere.
        base: Base::Image("localhost:1/kosmos-test-none".to_owned()),
        force: true,
        ..BuildOptions::default()
    };
    let error = build_image(&docker, &options, &|_| ()).await.unwrap_err();
    assert!(
        matches!(&error, ImageError::Pull { image, .. } if image == "localhost:1/kosmos-test-none:latest"),
        "{error}"
    );
}
