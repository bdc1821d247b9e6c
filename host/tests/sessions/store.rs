//! The store: data that was confirmed exists after the next start, and no file is overwritten by mistake.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gearshift_host::clock::HostClock;
use gearshift_host::config::Config;
use gearshift_host::sessions::store::{Change, Entry, Expect, SavedState, StoreError};
use gearshift_host::sessions::{OpenError, Sessions, Store};

use crate::stand_in::*;

fn settings(path: &Path, more: &str) -> Config {
    config(&format!("[store]\npath = \"{}\"\nlock_timeout_ms = 50\n{more}", path.display()))
}

async fn open(path: &Path) -> Result<(Sessions, Arc<Store>), OpenError> {
    let sessions = soon(Sessions::open(&settings(path, ""))).await?;
    let store = sessions.store.clone().unwrap();
    Ok((sessions, store))
}

/// Opening fails with this reason, and leaves every byte in place.
async fn refused(path: &Path, why: &str) {
    let before = std::fs::read(path).unwrap();
    let error = open(path).await.expect_err("it must not open");
    let text = error.to_string();
    assert_eq!(error.session, "store");
    assert!(text.contains(why) && text.contains(&path.display().to_string()), "{text}");
    assert!(text.contains("\nhelp: "), "{text}");
    assert_eq!(std::fs::read(path).unwrap(), before, "the file was changed");
}

#[tokio::test]
async fn states_and_values_are_there_after_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gearshift.db");
    let (sessions, store) = open(&path).await.unwrap();
    store.save_state("music", 2, b"queue".to_vec()).await.unwrap();
    store.save_state("music", 3, b"longer queue".to_vec()).await.unwrap();
    store.set("music", "volume", b"11".to_vec()).await.unwrap();
    store.set("music", "gone", b"x".to_vec()).await.unwrap();
    assert!(store.delete("music", "gone").await.unwrap());
    assert!(!store.delete("music", "gone").await.unwrap());
    soon(sessions.close()).await;
    assert!(!path.with_extension("db-wal").exists(), "the file alone is the backup");
    let (_sessions, store) = open(&path).await.unwrap();
    let state = store.load_state("music").await.unwrap().unwrap();
    assert_eq!((state.version, state.bytes.as_slice()), (3, b"longer queue".as_slice()));
    assert!(state.saved_at_ms > 1_600_000_000_000);
    assert_eq!(store.get("music", "volume").await.unwrap().as_deref(), Some(b"11".as_slice()));
    assert_eq!(store.get("music", "gone").await.unwrap(), None);
    assert!(store.delete_state("music").await.unwrap());
    assert_eq!(store.load_state("music").await.unwrap(), None);
}

#[tokio::test]
async fn states_are_listed_by_cog_and_put_back_with_their_time() {
    let folder = tempfile::tempdir().unwrap();
    let (_sessions, store) = open(&folder.path().join("a.db")).await.unwrap();
    assert_eq!(store.states().await.unwrap(), []);
    let state =
        |version, bytes: &[u8], saved_at_ms| SavedState { version, bytes: bytes.to_vec(), saved_at_ms };
    for (cog, state) in
        [("music", state(u32::MAX, b"\0\xffqueue", 7)), ("count", state(0, b"", 1_750_000_000_000))]
    {
        store.put_state(cog, state.clone()).await.unwrap();
        assert_eq!(store.load_state(cog).await.unwrap(), Some(state));
    }
    let listed = store.states().await.unwrap();
    let listed: Vec<_> = listed.iter().map(|it| (&*it.cog, it.version, it.size, it.saved_at_ms)).collect();
    assert_eq!(listed, [("count", 0, 0, 1_750_000_000_000), ("music", u32::MAX, 7, 7)]);
}

#[tokio::test]
async fn a_cog_sees_its_own_keys_only_in_pages() {
    let folder = tempfile::tempdir().unwrap();
    let (_sessions, store) = open(&folder.path().join("a.db")).await.unwrap();
    for key in ["a", "a%b", "a\0b", "a_1", "a_2", "a_3", "ab", "b", "ä", "A_1"] {
        store.set("one", key, key.as_bytes().to_vec()).await.unwrap();
    }
    store.set("two", "a_9", b"other".to_vec()).await.unwrap();
    let keys = |entries: Vec<Entry>| entries.into_iter().map(|entry| entry.key).collect::<Vec<_>>();
    assert_eq!(keys(store.list("one", "a_", None, 2).await.unwrap()), ["a_1", "a_2"]);
    assert_eq!(keys(store.list("one", "a_", Some("a_2"), 2).await.unwrap()), ["a_3"]);
    assert_eq!(keys(store.list("one", "a%", None, 9).await.unwrap()), ["a%b"]);
    assert_eq!(keys(store.list("one", "", None, 99).await.unwrap()).len(), 10);
    assert_eq!(keys(store.list("one", "a\0", None, 9).await.unwrap()), ["a\0b"]);
    assert_eq!(store.list("one", "ä", None, 9).await.unwrap()[0].value, "ä".as_bytes());
}

#[tokio::test]
async fn sizes_are_bounded_and_the_old_value_stays() {
    let folder = tempfile::tempdir().unwrap();
    let limits = "[limits]\nstore_key_max_bytes = 4\nstore_value_max_bytes = 8\nstate_max_bytes = 8";
    let sessions = Sessions::open(&settings(&folder.path().join("a.db"), limits)).await.unwrap();
    let store = sessions.store.clone().unwrap();
    store.set("c", "key", b"old".to_vec()).await.unwrap();
    let error = store.set("c", "key", vec![0; 9]).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot store a value of `c`: 9 bytes are more than 8 (`[limits] store_value_max_bytes`)"
    );
    assert!(matches!(store.set("c", "keyyy", vec![]).await, Err(StoreError::TooLarge { size: 5, .. })));
    assert!(matches!(store.save_state("c", 1, vec![0; 9]).await, Err(StoreError::TooLarge { .. })));
    assert!(matches!(store.get("c", "").await, Err(StoreError::Invalid(_))));
    assert_eq!(store.get("c", "key").await.unwrap().as_deref(), Some(b"old".as_slice()));
}

#[tokio::test]
async fn many_at_once_are_all_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let (sessions, store) = open(&path).await.unwrap();
    let tasks: Vec<_> = (0..500)
        .map(|number| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.set("c", &format!("{number:03}"), vec![1]).await })
        })
        .collect();
    for task in tasks {
        soon(task).await.unwrap().unwrap();
    }
    soon(sessions.close()).await;
    let (_sessions, store) = open(&path).await.unwrap();
    assert_eq!(store.list("c", "", None, 1000).await.unwrap().len(), 500);
}

#[tokio::test]
async fn a_file_that_another_host_uses_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let (sessions, _store) = open(&path).await.unwrap();
    refused(&path, "another process has locked it").await;
    soon(sessions.close()).await;
    let (sessions, _store) = open(&path).await.unwrap();
    soon(sessions.close()).await;
}

#[tokio::test]
async fn a_file_that_is_no_database_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(
        &path,
        "my diary, which is longer than the header of a database would be, by far.\n".repeat(40),
    )
    .unwrap();
    refused(&path, "not an SQLite file").await;
}

#[tokio::test]
async fn a_damaged_file_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let (sessions, store) = open(&path).await.unwrap();
    for number in 0..200 {
        store.set("c", &format!("key{number}"), vec![7; 500]).await.unwrap();
    }
    soon(sessions.close()).await;
    let mut bytes = std::fs::read(&path).unwrap();
    for byte in &mut bytes[4096 * 3..4096 * 8] {
        *byte = 0xa5;
    }
    std::fs::write(&path, bytes).unwrap();
    refused(&path, "damaged").await;
}

#[tokio::test]
async fn a_file_of_another_program_or_of_a_newer_host_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.db");
    rusqlite::Connection::open(&other).unwrap().execute_batch("CREATE TABLE songs (name)").unwrap();
    refused(&other, "of another program").await;
    let newer = folder.path().join("newer.db");
    let (sessions, _store) = open(&newer).await.unwrap();
    soon(sessions.close()).await;
    rusqlite::Connection::open(&newer).unwrap().pragma_update(None, "user_version", 99).unwrap();
    refused(&newer, "version 99").await;
}

#[tokio::test]
async fn a_read_only_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let (sessions, _store) = open(&path).await.unwrap();
    soon(sessions.close()).await;
    let mut permissions = std::fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&path, permissions).unwrap();
    refused(&path, "read-only").await;
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn the_file_and_those_beside_it_are_for_this_user_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let (sessions, store) = open(&path).await.unwrap();
    store.set("c", "key", b"what a user said".to_vec()).await.unwrap();
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(files.len() >= 2, "the write-ahead log is there");
    assert!(files.iter().all(|file| mode(file) == 0o600), "{files:?}");
    soon(sessions.close()).await;

    // Modes set by an earlier version, then one set by the operator.
    for (before, after) in [(0o644, 0o600), (0o666, 0o600), (0o640, 0o640)] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(before)).unwrap();
        let (sessions, _store) = open(&path).await.unwrap();
        assert_eq!(mode(&path), after);
        soon(sessions.close()).await;
    }
    let others = folder.path().join("notes.txt");
    std::fs::write(&others, "not ours ".repeat(200)).unwrap();
    std::fs::set_permissions(&others, std::fs::Permissions::from_mode(0o644)).unwrap();
    refused(&others, "not an SQLite file").await;
    assert_eq!(mode(&others), 0o644);
}

#[tokio::test]
async fn a_listing_comes_in_pages_of_a_bounded_size() {
    let folder = tempfile::tempdir().unwrap();
    let (_sessions, store) = open(&folder.path().join("a.db")).await.unwrap();
    for number in 0..5 {
        store.set("c", &format!("a{number}"), vec![0; 500_000]).await.unwrap();
    }
    assert_eq!(store.list("c", "", None, 99).await.unwrap().len(), 3, "a page ends beyond a mebibyte");
    assert_eq!(store.list("c", "a", Some("a2"), 99).await.unwrap().len(), 2);
    assert_eq!(store.list("c", "a", Some("a4"), 99).await.unwrap(), []);
}

/// A change of the key `key`.
fn change(value: Option<&str>, expect: Expect) -> Change {
    Change { key: "key".to_owned(), value: value.map(|it| it.as_bytes().to_vec()), expect, lasts: None }
}

#[tokio::test]
async fn a_change_is_made_only_if_what_it_expects_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let (_sessions, store) = open(&folder.path().join("a.db")).await.unwrap();
    let is = |text: &str| Expect::Value(text.as_bytes().to_vec());
    let steps = [
        (change(Some("a"), is("a")), false, None),
        (change(None, Expect::Any), false, None),
        (change(None, Expect::Absent), false, None),
        (change(Some("a"), Expect::Absent), true, Some("a")),
        (change(Some("b"), Expect::Absent), false, Some("a")),
        (change(Some("b"), is("x")), false, Some("a")),
        (change(Some("b"), is("a")), true, Some("b")),
        (change(None, is("a")), false, Some("b")),
        (change(None, Expect::Absent), false, Some("b")),
        (change(None, is("b")), true, None),
        (change(Some(""), Expect::Any), true, Some("")),
        (change(Some("c"), is("")), true, Some("c")),
    ];
    for (number, (change, is_made, after)) in steps.into_iter().enumerate() {
        assert_eq!(store.change("c", change).await.unwrap(), is_made, "step {number}");
        let value = store.get("c", "key").await.unwrap();
        assert_eq!(value.as_deref(), after.map(str::as_bytes), "step {number}");
    }
}

#[tokio::test]
async fn of_many_that_change_a_key_at_once_none_overwrites_another_unseen() {
    let folder = tempfile::tempdir().unwrap();
    let (_sessions, store) = open(&folder.path().join("a.db")).await.unwrap();
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                loop {
                    let old = store.get("c", "key").await.unwrap();
                    let count: u32 =
                        old.as_deref().map_or(0, |it| std::str::from_utf8(it).unwrap().parse().unwrap());
                    let expect = old.map_or(Expect::Absent, Expect::Value);
                    if store.change("c", change(Some(&(count + 1).to_string()), expect)).await.unwrap() {
                        return;
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        soon(task).await.unwrap();
    }
    assert_eq!(store.get("c", "key").await.unwrap().as_deref(), Some(b"50".as_slice()));
}

#[tokio::test]
async fn a_value_that_has_expired_is_gone_for_everybody_and_from_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let clock = HostClock::movable();
    clock.freeze();
    let sessions = Sessions::open_with_clock(&settings(&path, ""), clock.clone()).await.unwrap();
    let store = sessions.store.clone().unwrap();
    let minute = Some(Duration::from_secs(60));
    let lasting = |value| Change { lasts: minute, ..change(Some(value), Expect::Any) };
    store.change("c", lasting("a")).await.unwrap();
    store.set("c", "kept", b"a".to_vec()).await.unwrap();
    store.change("d", lasting("a")).await.unwrap();
    store.set("d", "key", b"it lasts again".to_vec()).await.unwrap();
    clock.advance(Duration::from_millis(59_999));
    assert_eq!(store.get("c", "key").await.unwrap().as_deref(), Some(b"a".as_slice()));
    clock.advance(Duration::from_millis(1));
    assert_eq!(store.get("c", "key").await.unwrap(), None);
    let keys: Vec<_> = store.list("c", "", None, 9).await.unwrap().into_iter().map(|it| it.key).collect();
    assert_eq!(keys, ["kept"]);
    let expected = Expect::Value(b"a".to_vec());
    assert!(!store.change("c", change(Some("b"), expected)).await.unwrap(), "it is no longer there");
    assert!(!store.delete("c", "key").await.unwrap());
    store.change("c", lasting("a")).await.unwrap();
    soon(sessions.close()).await;
    assert_eq!(rows(&path), 3);
    clock.advance(Duration::from_secs(60));
    let sessions = Sessions::open_with_clock(&settings(&path, ""), clock.clone()).await.unwrap();
    let store = sessions.store.clone().unwrap();
    assert!(store.change("c", change(Some("b"), Expect::Absent)).await.unwrap());
    assert!(store.get("d", "key").await.unwrap().is_some());
    assert!(store.delete("c", "key").await.unwrap());
    soon(sessions.close()).await;
    assert_eq!(rows(&path), 2);
}

fn rows(path: &Path) -> u32 {
    let file = rusqlite::Connection::open(path).unwrap();
    file.query_row("SELECT count(*) FROM cog_value", [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn what_expires_while_the_host_runs_leaves_the_disk_within_a_minute() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let clock = HostClock::movable();
    let sessions = Sessions::open_with_clock(&settings(&path, ""), clock.clone()).await.unwrap();
    let store = sessions.store.clone().unwrap();
    let lasting = Change { lasts: Some(Duration::from_secs(60)), ..change(Some("a"), Expect::Any) };
    store.change("c", lasting).await.unwrap();
    clock.advance(Duration::from_secs(60));
    tokio::time::pause();
    tokio::time::sleep(Duration::from_secs(61)).await;
    tokio::time::resume();
    soon(sessions.close()).await;
    assert_eq!(rows(&path), 0);
}

#[tokio::test]
async fn what_is_written_to_a_file_that_was_removed_or_replaced_is_not_taken_for_stored() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gearshift.db");
    let (sessions, store) = open(&path).await.unwrap();
    store.save_state("music", 1, b"queue".to_vec()).await.unwrap();
    std::fs::rename(&path, folder.path().join("old.db")).unwrap();
    assert_eq!(store.save_state("music", 1, b"longer queue".to_vec()).await, Err(StoreError::Gone));
    std::fs::write(&path, "another file").unwrap();
    assert_eq!(store.set("music", "volume", b"11".to_vec()).await, Err(StoreError::Gone));
    soon(sessions.close()).await;
}

#[tokio::test]
async fn a_missing_folder_is_named() {
    let error = open(Path::new("/nonexistent/folder/a.db")).await.err().unwrap().to_string();
    assert!(error.contains("the folder `/nonexistent/folder` does not exist"), "{error}");
}

#[tokio::test]
async fn a_closed_store_refuses_and_can_be_closed_again() {
    let folder = tempfile::tempdir().unwrap();
    let (sessions, store) = open(&folder.path().join("a.db")).await.unwrap();
    soon(sessions.close()).await;
    soon(sessions.close()).await;
    assert_eq!(store.set("c", "k", vec![]).await, Err(StoreError::Closed));
}
