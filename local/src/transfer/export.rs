//! `local export`: a tenant's permissions, roles and accounts as lines, page by page.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use usher::actions::Context;
use usher::actions::transfer::pages;
use usher::domain::tenant::TenantId;
use usher::domain::transfer::{AccountLine, Header, Line, RoleLine};
use usher::domain::user::{Status, User};
use usher::id::{RoleId, UserId};

use super::progress::Progress;
use super::{Variables, at, private, work};
use crate::args::Export;
use crate::error::{Error, Result};

/// What lines of this version have.
const VERSION: u32 = 1;
/// How many accounts are read at once.
const PAGE: usize = 500;
/// No line of an export is longer.
const LONGEST_LINE: u64 = 1 << 20;

/// Writes all of a tenant into a file; whoever stops it in between can go on.
pub async fn export(args: &Export, variables: Variables) -> Result<()> {
    let opened = args.within.place.open(variables).await?;
    let cx = work(&opened, &args.within).await?;
    let header = Header {
        version: VERSION,
        tenant: args.within.tenant.clone(),
        hashes: !args.without_hashes,
        deleted: args.with_deleted,
    };
    let part = args.file.with_added_extension("part");
    let mut writing = Writing::begin(cx, header, part).await?;
    writing.all().await?;
    writing.end(&args.file)?;
    opened.close().await
}

/// Which account was written last: all of those that stand come before those that are deleted.
#[derive(Debug, Clone, Copy)]
struct Last {
    id: UserId,
    is_deleted: bool,
}

struct Writing {
    cx: Context,
    header: Header,
    path: PathBuf,
    file: BufWriter<File>,
    names: BTreeMap<RoleId, String>,
    last: Option<Last>,
    written: u64,
    progress: Progress,
}

impl Writing {
    async fn begin(cx: Context, header: Header, path: PathBuf) -> Result<Self> {
        let roles = pages::all_roles(&cx).await?;
        let names = roles.iter().map(|role| (role.id, role.name.as_given().to_owned()));
        let file = private(
            OpenOptions::new().read(true).write(true).create(true).truncate(false),
            &path,
        )?;
        let (last, whole) = resumed(&file, &header, &path)?;
        file.set_len(whole).map_err(at(&path))?;
        let mut file = BufWriter::new(file);
        file.seek(SeekFrom::End(0)).map_err(at(&path))?;
        let mut writing = Self {
            names: names.collect(),
            cx,
            header,
            path,
            file,
            last,
            written: 0,
            progress: Progress::of("exported"),
        };
        if writing.last.is_none() {
            writing.file.rewind().map_err(at(&writing.path))?;
            writing.file.get_ref().set_len(0).map_err(at(&writing.path))?;
            writing.head(roles.iter().map(RoleLine::of)).await?;
        }
        Ok(writing)
    }

    /// What accounts name comes before them.
    async fn head(&mut self, roles: impl Iterator<Item = RoleLine>) -> Result<()> {
        self.line(&Line::Export(self.header.clone()))?;
        if self.cx.tenant == TenantId::main() {
            for permission in pages::permissions(&self.cx).await? {
                self.line(&Line::Permission(permission))?;
            }
        }
        for role in roles {
            self.line(&Line::Role(role))?;
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
            let mut line = AccountLine::of(user, self.cx.now, |id| self.names.get(&id).map(String::as_str));
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

/// The last account of an export that broke off, and how many bytes of its file are whole lines.
fn resumed(file: &File, header: &Header, path: &Path) -> Result<(Option<Last>, u64)> {
    let length = file.metadata().map_err(at(path))?.len();
    let mut start = String::new();
    let mut reader = BufReader::new(file.take(LONGEST_LINE));
    // A first line that is cut is none.
    let _ = std::io::BufRead::read_line(&mut reader, &mut start);
    match Line::parse(&start) {
        Ok(Line::Export(begun)) if begun == *header => {}
        Ok(Line::Export(_)) => return Err(Error::OtherExport { path: path.to_owned() }),
        _ => return Ok((None, 0)),
    }
    let from = length.saturating_sub(2 * LONGEST_LINE);
    let mut file = file;
    file.seek(SeekFrom::Start(from)).map_err(at(path))?;
    let mut end = Vec::new();
    file.read_to_end(&mut end).map_err(at(path))?;
    let whole = end.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let last = end[..whole].trim_ascii_end().rsplit(|byte| *byte == b'\n').next();
    let last = last.and_then(|line| Line::parse(str::from_utf8(line).ok()?).ok());
    let last = match last {
        Some(Line::Account(account)) => account.id.map(|id| Last {
            id,
            is_deleted: account.status == Status::Deleted,
        }),
        _ => None,
    };
    Ok((last, from + whole as u64))
}
