//! `local seed`, `import` and `export`: accounts drawn, taken over from a file, and handed on in one (`docs/import.md`).

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::time::Duration;

use usher::actions::Context;
use usher::actions::transfer::{context, onwards};
use usher::domain::tenant::TenantId;

use crate::args::Within;
use crate::error::{Error, Result};
use crate::place::Opened;

mod draw;
mod export;
mod import;
mod names;
mod part;
mod progress;
mod report;
mod seed;

pub use export::export;
pub use import::import;
pub use seed::{fill, seed};

/// `USHER_…` variables.
type Variables = HashMap<String, String>;

async fn work(opened: &Opened, within: &Within) -> Result<Context> {
    let tenant = TenantId::parse(&within.tenant).map_err(Error::Tenant)?;
    context(&opened.app, &tenant).await.map_err(|cause| Error::NotSetUp {
        tenant: within.tenant.clone(),
        cause,
    })
}

/// The same work at this moment.
fn now(cx: &Context) -> Context {
    let mut cx = cx.clone();
    cx.now = cx.app.clock.now();
    cx
}

/// The same work further on: see [`onwards`]. Where the table does not answer, it goes on as it is.
async fn go_on(cx: &mut Context, is_alone: bool) {
    match onwards(cx, is_alone).await {
        Ok(further) => *cx = further,
        Err(error) => tracing::debug!(?error, "the tenant's size is asked for with the next accounts"),
    }
}

/// How long an index may take to show what was written last.
const INDEXED: Duration = Duration::from_secs(2);

/// What is to be done once accounts came over. The embedded DynamoDB's indexes are never behind.
async fn finish(opened: &Opened, cx: &Context) -> Result<()> {
    if opened.embedded.is_none() {
        tokio::time::sleep(INDEXED).await;
    }
    usher::actions::transfer::finish(&now(cx)).await.map_err(Error::Usher)
}

/// A file that its owner alone can read.
fn private(options: &mut OpenOptions, path: &Path) -> Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    let file = options.open(path).map_err(at(path))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // One that was there may have been readable by others. What is no file, such as /dev/null, is everybody's.
        if file.metadata().map_err(at(path))?.is_file() {
            file.set_permissions(std::fs::Permissions::from_mode(0o600))
                .map_err(at(path))?;
        }
    }
    Ok(file)
}

fn at(path: &Path) -> impl Fn(io::Error) -> Error {
    let path = path.to_owned();
    move |cause| Error::File {
        path: path.clone(),
        cause,
    }
}
