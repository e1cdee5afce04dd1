//! `local export`: a tenant's permissions, roles and accounts as lines, page by page.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde_json::json;
use usher::actions::Context;
use usher::actions::transfer::pages;
use usher::domain::role::Role;
use usher::domain::tenant::TenantId;
use usher::domain::text::RoleName;
use usher::domain::transfer::{AccountLine, Header, Line, RoleLine};
use usher::domain::user::User;
use usher::id::RoleId;
use usher::proof::canonical::digest;

use super::part::{Last, Part};
use super::progress::{Progress, note};
use super::{Variables, at, private, work};
use crate::args::Export;
use crate::error::{Error, Result};

/// What lines of this version have.
const VERSION: u32 = 1;
/// How many accounts are read at once.
const PAGE: usize = 500;

/// Writes all of a tenant into a file; whoever stops it in between can go on.
pub async fn export(args: &Export, variables: Variables) -> Result<()> {
    let part = args.file.with_added_extension("part");
    for path in [&args.file, &part] {
        is_file_or_free(path)?;
    }
    let opened = args.within.place.open(variables).await?;
    let cx = work(&opened, &args.within).await?;
    // No place can be read out of it: the file is handed on.
    let place = args.within.place.address().await?;
    let since = pages::made_at(&cx).await?.map(|at| at.to_string());
    let header = Header {
        version: VERSION,
        tenant: args.within.tenant.clone(),
        hashes: !args.without_hashes,
        deleted: args.with_deleted,
        source: Some(digest(&json!([place, since]))?),
        begun_at: Some(cx.now),
    };
    let mut writing = Writing::begin(cx, header, part).await?;
    writing.all().await?;
    writing.end(&args.file)?;
    opened.close().await
}

/// The export takes the name of what is there: no device, pipe, directory or link may go by that.
fn is_file_or_free(path: &Path) -> Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => Ok(()),
        Ok(_) => Err(Error::NoFile { path: path.to_owned() }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(at(path)(error)),
    }
}

struct Writing {
    cx: Context,
    header: Header,
    path: PathBuf,
    file: BufWriter<File>,
    names: BTreeMap<RoleId, RoleName>,
    last: Option<Last>,
    written: u64,
    progress: Progress,
}

impl Writing {
    async fn begin(cx: Context, mut header: Header, path: PathBuf) -> Result<Self> {
        let roles = pages::all_roles(&cx).await?;
        let file = private(
            OpenOptions::new().read(true).write(true).create(true).truncate(false),
            &path,
        )?;
        let found = Part::read(&file, &path, &header)?;
        let part = found.and_then(|part| resumed(part, &cx, &roles));
        let part = part.unwrap_or_else(|| Part::new(cx.now));
        header.begun_at = Some(part.begun);
        file.set_len(part.whole).map_err(at(&path))?;
        let mut file = BufWriter::new(file);
        file.seek(SeekFrom::End(0)).map_err(at(&path))?;
        let mut writing = Self {
            names: BTreeMap::new(),
            cx,
            header,
            path,
            file,
            last: part.last,
            written: 0,
            progress: Progress::of("exported"),
        };
        writing.head(&roles, &part).await?;
        // One that was renamed meanwhile stays what it is called in the file.
        let called = |role: Role| (role.id, part.roles.get(&role.id).cloned().unwrap_or(role.name));
        writing.names = roles.into_iter().map(called).collect();
        Ok(writing)
    }

    /// What accounts name comes before them: all that the file has not got.
    async fn head(&mut self, roles: &[Role], part: &Part) -> Result<()> {
        if part.whole == 0 {
            self.line(&Line::Export(self.header.clone()))?;
        }
        if self.cx.tenant == TenantId::main() {
            for permission in pages::permissions(&self.cx).await? {
                if !part.permissions.contains(&permission.name) {
                    self.line(&Line::Permission(permission))?;
                }
            }
        }
        for role in roles.iter().filter(|role| !part.roles.contains_key(&role.id)) {
            self.line(&Line::Role(RoleLine::of(role)))?;
        }
        Ok(())
    }

    async fn all(&mut self) -> Result<()> {
        let mut after = match self.last {
            Some(last) if last.is_deleted => None,
            last => Some(last.map(|last| last.id)),
        };
        while let Some(from) = after {
            let (users, next) = pages::accounts(&self.cx, from, PAGE).await?;
            self.accounts(&users)?;
            after = next.map(Some);
        }
        if !self.header.deleted {
            return Ok(());
        }
        let mut after = Some(self.last.filter(|last| last.is_deleted).map(|last| last.id));
        while let Some(from) = after {
            let (users, next) = pages::deleted(&self.cx, from, PAGE).await?;
            self.accounts(&users)?;
            after = next.map(Some);
        }
        Ok(())
    }

    fn accounts(&mut self, users: &[User]) -> Result<()> {
        for user in users {
            let mut line = AccountLine::of(user, self.cx.now, |id| self.names.get(&id).map(RoleName::as_given));
            if !self.header.hashes {
                line.password_hash = None;
            }
            self.line(&Line::Account(Box::new(line)))?;
            self.written += 1;
        }
        self.file.flush().map_err(at(&self.path))?;
        self.progress.at(self.written, " accounts");
        Ok(())
    }

    fn line(&mut self, line: &Line) -> Result<()> {
        let text = serde_json::to_string(line).map_err(usher::Error::fault)?;
        writeln!(self.file, "{text}").map_err(at(&self.path))
    }

    /// What is whole gets its name.
    fn end(mut self, file: &Path) -> Result<()> {
        self.file.flush().map_err(at(&self.path))?;
        self.file.get_ref().sync_all().map_err(at(&self.path))?;
        fs::rename(&self.path, file).map_err(at(file))?;
        self.progress.end(self.written, " accounts");
        Ok(())
    }
}

/// The part, where it can be gone on with.
fn resumed(part: Part, cx: &Context, roles: &[Role]) -> Option<Part> {
    part.last?;
    let begun = part.begun;
    if part.is_too_old(cx.now) {
        note(&format!(
            "the export of {begun:.0} broke off over a day ago: beginning anew"
        ));
        return None;
    }
    if part.mistakes(roles) {
        note(&format!(
            "since the export of {begun:.0} another role has the name of one: beginning anew"
        ));
        return None;
    }
    note(&format!("going on with the export of {begun:.0}"));
    Some(part)
}
