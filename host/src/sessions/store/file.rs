//! The store's file: opens it, checks it, migrates it to the current schema. A file that is not a Gearshift store, is
//! damaged, or belongs to a newer host is left exactly as it is.

use std::fs::{OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::error::{access, shortage};
use crate::sessions::OpenError;

/// Written into the header of every store file: "Gear".
const APPLICATION_ID: i32 = 0x4765_6172;

/// The migration from each version N to N + 1. Append only.
const MIGRATIONS: [&str; 4] = [
    "CREATE TABLE cog_state (
        cog TEXT NOT NULL PRIMARY KEY,
        version INTEGER NOT NULL,
        bytes BLOB NOT NULL,
        saved_at INTEGER NOT NULL -- milliseconds since 1970
     ) STRICT;
     CREATE TABLE cog_value (
        cog TEXT NOT NULL,
        key TEXT NOT NULL,
        value BLOB NOT NULL,
        PRIMARY KEY (cog, key)
     ) STRICT, WITHOUT ROWID;",
    "CREATE TABLE cog_fallback (
        cog TEXT NOT NULL,
        digest TEXT NOT NULL, -- of the content that was gone back from, in hexadecimal
        library BLOB, -- what served before; of the last time only
        PRIMARY KEY (cog, digest)
     ) STRICT;",
    "ALTER TABLE cog_value ADD COLUMN expires_at INTEGER; -- milliseconds since 1970
     CREATE INDEX cog_value_expiry ON cog_value (expires_at) WHERE expires_at IS NOT NULL;",
    "CREATE TABLE cog_task (
        cog TEXT NOT NULL,
        name TEXT NOT NULL,
        rhythm TEXT NOT NULL,
        due INTEGER NOT NULL, -- milliseconds since 1970
        PRIMARY KEY (cog, name)
     ) STRICT, WITHOUT ROWID;",
];

/// The size of each cog's keys and values in bytes, kept while the file is open, so that the size of a cog's data is
/// known without reading the data.
const SIZES: &str = "PRAGMA temp_store = MEMORY;
     CREATE TEMP TABLE cog_size (
        cog TEXT NOT NULL PRIMARY KEY,
        bytes INTEGER NOT NULL
     ) STRICT, WITHOUT ROWID;
     INSERT INTO cog_size
        SELECT cog, sum(octet_length(key) + octet_length(value)) FROM cog_value GROUP BY cog;
     CREATE TEMP TRIGGER cog_size_added AFTER INSERT ON main.cog_value BEGIN
        INSERT INTO cog_size VALUES (new.cog, octet_length(new.key) + octet_length(new.value))
        ON CONFLICT (cog) DO UPDATE SET bytes = bytes + excluded.bytes;
     END;
     CREATE TEMP TRIGGER cog_size_changed AFTER UPDATE OF value ON main.cog_value BEGIN
        UPDATE cog_size SET bytes = bytes + octet_length(new.value) - octet_length(old.value) WHERE cog = new.cog;
     END;
     CREATE TEMP TRIGGER cog_size_removed AFTER DELETE ON main.cog_value BEGIN
        UPDATE cog_size SET bytes = bytes - octet_length(old.key) - octet_length(old.value) WHERE cog = old.cog;
     END;";

/// Files that SQLite creates beside the file: `-wal` and `-shm` while it is in use, and after a crash.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Opens the file, or creates it.
pub(super) fn open(path: &Path, lock_timeout: Duration) -> Result<Connection, OpenError> {
    let refuse = |why: String, help: &str| Refusal { why, help: help.to_owned() }.at(path);
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
        return Err(refuse(
            format!("the folder `{}` does not exist", folder.display()),
            "create the folder, or name another file in `[store] path`",
        ));
    }
    match std::fs::metadata(path) {
        Ok(found) if !found.is_file() => {
            return Err(refuse("it is not a file".to_owned(), "name a file in `[store] path`"));
        }
        Ok(found) if found.permissions().readonly() => {
            return Err(refuse(
                "it is read-only".to_owned(),
                "make it writable, or name another file in `[store] path`",
            ));
        }
        _ => {}
    }
    try_access(path).map_err(|refusal| refusal.at(path))?;
    let connection = prepare(path, lock_timeout).map_err(|refusal| refusal.at(path))?;
    make_private(path);
    Ok(connection)
}

/// The names of the file and of those beside it.
fn with_those_beside(path: &Path) -> impl Iterator<Item = PathBuf> {
    let beside = BESIDE.map(|end| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    });
    std::iter::once(path.to_path_buf()).chain(beside)
}

/// Creates the file with access for this user only if it does not exist: it contains users' messages, and SQLite
/// would make it readable for all. SQLite gives the files beside it the same mode. (`findCreateFileMode` in its
/// `os_unix.c`.)
///
/// If this process may not use a file, the error names the file and its owner; SQLite would call that an I/O error.
fn try_access(path: &Path) -> Result<(), Refusal> {
    let made = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path);
    match made {
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(no_access(path, &error)),
    }
    for file in with_those_beside(path) {
        match OpenOptions::new().read(true).write(true).open(&file) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(no_access(&file, &error)),
            _ => {}
        }
    }
    Ok(())
}

fn no_access(file: &Path, error: &io::Error) -> Refusal {
    if error.kind() == ErrorKind::ReadOnlyFilesystem {
        let why = format!("`{}`: {error}", file.display());
        return Refusal { why, help: "name a file on another file system in `[store] path`".to_owned() };
    }
    if let Some(help) = shortage(error) {
        return Refusal { why: format!("`{}`: {error}", file.display()), help: help.to_owned() };
    }
    let access = access(file).map(|access| format!("; {access}")).unwrap_or_default();
    Refusal {
        why: format!("`{}`: {error}{access}", file.display()),
        help: "let this user read and write the file and those beside it (`chown`, `chmod`), with their folder, or name another file in `[store] path`".to_owned(),
    }
}

/// Removes the permissions of others from files that an earlier version, or a copy, left open to every user. A mode
/// that admits only a group was chosen on purpose.
fn make_private(path: &Path) {
    for file in with_those_beside(path) {
        let Ok(found) = std::fs::metadata(&file) else { continue };
        if found.permissions().mode() & 0o007 == 0 {
            continue;
        }
        let shown = file.display();
        match std::fs::set_permissions(&file, Permissions::from_mode(0o600)) {
            Ok(()) => {
                tracing::warn!("`{shown}` was open to every user of this machine; its mode is 0600 now")
            }
            Err(error) => tracing::warn!(
                "`{shown}` is open to every user of this machine; its mode cannot be changed: {error}"
            ),
        }
    }
}

struct Refusal {
    why: String,
    help: String,
}

impl Refusal {
    fn at(self, path: &Path) -> OpenError {
        OpenError::new("store", format!("opening `{}`", path.display()), self.why, self.help)
    }
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Refusal {
        let (why, help) = match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => (
                "another process has locked it".to_owned(),
                "end the other host (or sqlite3) that uses it, or name another file in `[store] path`",
            ),
            Some(ErrorCode::NotADatabase) => (
                "it is not an SQLite file".to_owned(),
                "name another file in `[store] path`; this one was not changed",
            ),
            Some(ErrorCode::DatabaseCorrupt) => damaged(),
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => (
                "it cannot be written".to_owned(),
                "check the permissions of the file and of its folder, which holds the write-ahead log",
            ),
            Some(ErrorCode::CannotOpen) => (
                "it cannot be opened".to_owned(),
                "check the permissions of the file and of its folder, which holds the write-ahead log",
            ),
            Some(ErrorCode::DiskFull) => ("the disk is full".to_owned(), "free some space"),
            _ => (error.to_string(), "check the file and its disk"),
        };
        Refusal { why, help: help.to_owned() }
    }
}

fn damaged() -> (String, &'static str) {
    (
        "it is damaged".to_owned(),
        "move it away, and start with or without a backup; `sqlite3 FILE .recover` saves what can be read. It \
         was not changed",
    )
}

/// Reads first, writes last.
fn prepare(path: &Path, lock_timeout: Duration) -> Result<Connection, Refusal> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(lock_timeout)?;
    // One host per file: two would overwrite each other's states.
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    let check: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if check != "ok" {
        let (why, help) = damaged();
        return Err(Refusal { why, help: help.to_owned() });
    }
    if connection.is_readonly("main")? {
        return Err(Refusal {
            why: "it is read-only".to_owned(),
            help: "make it writable, or name another file in `[store] path`".to_owned(),
        });
    }
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version: usize = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let tables: u32 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application != APPLICATION_ID && (application != 0 || version != 0 || tables != 0) {
        return Err(Refusal {
            why: "it is the SQLite file of another program".to_owned(),
            help: "name another file in `[store] path`; this one was not changed".to_owned(),
        });
    }
    if version > MIGRATIONS.len() {
        let known = MIGRATIONS.len();
        return Err(Refusal {
            why: format!("its format is version {version}, and this host knows {known} and older"),
            help: "update the host, or name another file in `[store] path`; this one was not changed"
                .to_owned(),
        });
    }
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(Refusal {
            why: "its disk does not allow a write-ahead log".to_owned(),
            help: "put the file on a local disk".to_owned(),
        });
    }
    // A confirmed commit survives a loss of power.
    connection.pragma_update(None, "synchronous", "FULL")?;
    migrate(&mut connection, version)?;
    connection.execute_batch(SIZES)?;
    Ok(connection)
}

/// Also takes the permanent lock if there is nothing to migrate.
fn migrate(connection: &mut Connection, version: usize) -> Result<(), Refusal> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    for step in &MIGRATIONS[version..] {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", MIGRATIONS.len())?;
    transaction.commit()?;
    Ok(())
}
