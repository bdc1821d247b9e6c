//! What the watch reports, with and without the system's events.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    sync::mpsc,
    time::{Duration, Instant},
};

use notify::{Event, EventKind, event::Flag};
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::{Change, FolderWatch, Watching, ensure_folder, events, identity};

const SETTLE: Duration = Duration::from_millis(1);
const POLL: Duration = Duration::from_millis(20);
/// For tests that rely on the system's events, and on what is sent.
const NEVER: Duration = Duration::ZERO;

/// A folder in which other folders are created.
struct Place(TempDir);

impl Place {
    fn new() -> Place {
        Place(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A folder with libraries, each with its content.
    fn folder(&self, name: &str, libraries: &[(&str, &str)]) -> PathBuf {
        let folder = self.path(name);
        fs::create_dir_all(&folder).unwrap();
        for (name, content) in libraries {
            fs::write(library(&folder, name), content).unwrap();
        }
        folder
    }

    /// Points a link elsewhere atomically, as `ln -sfn` and `mv -T` do.
    fn switch(&self, link: &Path, to: impl AsRef<Path>) {
        let aside = self.path("aside");
        symlink(to, &aside).unwrap();
        fs::rename(aside, link).unwrap();
    }
}

fn library(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("lib{name}{}", std::env::consts::DLL_SUFFIX))
}

fn watch(folder: &Path, poll: Duration) -> FolderWatch {
    FolderWatch::new(folder, SETTLE, poll).unwrap()
}

/// Waits until all these changes have been reported, in any order.
async fn reported(watch: &mut FolderWatch, changes: &[Change]) {
    let mut missing = changes.to_vec();
    while !missing.is_empty() {
        let next = tokio::time::timeout(Duration::from_secs(30), watch.next()).await;
        let next = next.unwrap_or_else(|_| panic!("never reported: {missing:?}"));
        missing.retain(|change| *change != next);
    }
}

/// The changes from [`ONE`] to [`TWO`] in this folder.
fn from_one_to_two(folder: &Path) -> [Change; 3] {
    let library = |name| library(folder, name);
    [Change::Try(library("ping")), Change::Try(library("pulse")), Change::Gone(library("counter"))]
}

const ONE: [(&str, &str); 2] = [("ping", "one"), ("counter", "one")];
const TWO: [(&str, &str); 2] = [("ping", "two"), ("pulse", "two")];

#[tokio::test]
async fn a_folder_that_was_removed_and_made_again_is_watched_again() {
    let place = Place::new();
    let folder = place.folder("cogs", &[("ping", "one"), ("pulse", "one")]);
    let file = library(&folder, "ping");
    let mut watch = watch(&folder, NEVER);
    fs::remove_dir_all(&folder).unwrap();
    place.folder("cogs", &[("ping", "two")]);
    reported(&mut watch, &[Change::Try(file.clone()), Change::Gone(library(&folder, "pulse"))]).await;
    fs::remove_file(&file).unwrap();
    reported(&mut watch, &[Change::Gone(file)]).await;
}

#[tokio::test]
async fn another_folder_under_the_same_name_is_followed_and_so_is_what_happens_in_it() {
    let place = Place::new();
    let folder = place.folder("cogs", &ONE);
    let next = place.folder("next", &TWO);
    let mut watch = watch(&folder, NEVER);
    fs::rename(&folder, place.path("old")).unwrap();
    fs::rename(next, &folder).unwrap();
    reported(&mut watch, &from_one_to_two(&folder)).await;
    fs::write(library(&folder, "late"), "three").unwrap();
    reported(&mut watch, &[Change::Try(library(&folder, "late"))]).await;
}

#[tokio::test]
async fn a_link_to_the_folder_that_is_switched_is_followed_wherever_in_the_path_it_is() {
    for (link, folder) in [("cogs", "cogs"), ("current", "current/deep/cogs")] {
        let place = Place::new();
        let inside = folder.strip_prefix(link).unwrap().trim_start_matches('/');
        for (release, libraries) in [("1", ONE), ("2", TWO)] {
            place.folder(&format!("releases/{release}/{inside}"), &libraries);
        }
        let (link, folder) = (place.path(link), place.path(folder));
        place.switch(&link, "releases/1");
        let mut watch = watch(&folder, POLL);
        place.switch(&link, "releases/2");
        reported(&mut watch, &from_one_to_two(&folder)).await;
        fs::remove_file(library(&folder, "pulse")).unwrap();
        reported(&mut watch, &[Change::Gone(library(&folder, "pulse"))]).await;
    }
}

#[tokio::test]
async fn the_data_link_of_a_kubernetes_volume_is_followed_by_its_event() {
    let place = Place::new();
    let folder = place.folder("cogs", &[]);
    place.folder("cogs/..1", &[("ping", "one"), ("counter", "one")]);
    place.folder("cogs/..2", &[("ping", "two")]);
    place.switch(&folder.join("..data"), "..1");
    for name in ["ping", "counter"] {
        let file = library(&folder, name);
        symlink(Path::new("..data").join(file.file_name().unwrap()), file).unwrap();
    }
    let mut watch = watch(&folder, NEVER);
    let aside = folder.join("..data_tmp");
    symlink("..2", &aside).unwrap();
    fs::rename(aside, folder.join("..data")).unwrap();
    let library = |name| library(&folder, name);
    reported(&mut watch, &[Change::Try(library("ping"))]).await;
    // A library that the new version lacks stays until its link is removed, which comes next.
    fs::remove_file(library("counter")).unwrap();
    reported(&mut watch, &[Change::Gone(library("counter"))]).await;
}

#[tokio::test]
async fn a_link_to_nothing_is_not_gone_and_is_looked_at_until_it_leads_somewhere() {
    let place = Place::new();
    let folder = place.folder("cogs", &[]);
    let (elsewhere, link) = (place.folder("elsewhere", &[("ping", "one")]), library(&folder, "ping"));
    symlink(library(&elsewhere, "ping"), &link).unwrap();
    let mut watch = watch(&folder, POLL);
    fs::rename(&elsewhere, place.path("away")).unwrap();
    reported(&mut watch, &[Change::Try(link.clone())]).await;
    for _ in 0..3 {
        watch.incomplete(link.clone(), format!("`{}` leads nowhere", link.display()));
        reported(&mut watch, &[Change::Try(link.clone())]).await;
    }
    fs::rename(place.path("away"), &elsewhere).unwrap();
    reported(&mut watch, &[Change::Try(link.clone())]).await;
    fs::remove_file(&link).unwrap();
    reported(&mut watch, &[Change::Gone(link)]).await;
}

#[tokio::test]
async fn a_library_that_changes_without_an_event_is_followed_by_comparing() {
    let place = Place::new();
    let elsewhere = place.folder("elsewhere", &[("one", "one"), ("two", "two"), ("hard", "one")]);
    let folder = place.folder("cogs", &[]);
    let [link, hard] = ["link", "hard"].map(|name| library(&folder, name));
    let current = place.path("current");
    place.switch(&current, library(&elsewhere, "one"));
    symlink(&current, &link).unwrap();
    fs::hard_link(library(&elsewhere, "hard"), &hard).unwrap();
    let mut watch = watch(&folder, POLL);
    // The link that the library's own link points to; then that link's target; then a file under its other name.
    place.switch(&current, library(&elsewhere, "two"));
    reported(&mut watch, &[Change::Try(link.clone())]).await;
    fs::write(library(&elsewhere, "two"), "more than that").unwrap();
    reported(&mut watch, &[Change::Try(link.clone())]).await;
    fs::write(library(&elsewhere, "hard"), "more than that").unwrap();
    reported(&mut watch, &[Change::Try(hard)]).await;
    fs::remove_file(&link).unwrap();
    reported(&mut watch, &[Change::Gone(link)]).await;
}

#[tokio::test]
async fn what_happened_while_events_were_dropped_is_found_by_comparing() {
    let place = Place::new();
    let folder = place.path("cogs");
    for (release, libraries) in [("1", ONE), ("2", TWO)] {
        place.folder(release, &libraries);
    }
    place.switch(&folder, "1");
    // This causes no event.
    let mut watch = watch(&folder, NEVER);
    place.switch(&folder, "2");
    let dropped = Event::new(EventKind::Other).set_flag(Flag::Rescan);
    for input in events::read(&dropped, &folder) {
        watch.send(input);
    }
    reported(&mut watch, &from_one_to_two(&folder)).await;
}

#[tokio::test]
async fn a_file_is_tried_again_when_it_is_copied_again_or_can_be_read_again() {
    let place = Place::new();
    let folder = place.folder("cogs", &[("ping", "one")]);
    let file = library(&folder, "ping");
    let mut watch = watch(&folder, NEVER);
    fs::write(&file, "one").unwrap();
    reported(&mut watch, &[Change::Try(file.clone())]).await;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o400)).unwrap();
    reported(&mut watch, &[Change::Try(file.clone())]).await;
    watch.incomplete(file.clone(), format!("`{}` is half of a library", file.display()));
    reported(&mut watch, &[Change::Try(file.clone())]).await;
    fs::remove_file(&file).unwrap();
    reported(&mut watch, &[Change::Gone(file)]).await;
}

/// A watch that knows the folder but has no thread, and the receiver of its reports.
fn by_hand(folder: &Path) -> (Watching, UnboundedReceiver<Change>) {
    let (changes, changed) = unbounded_channel();
    let (inputs, _) = mpsc::channel();
    let mut watching = Watching::new(folder, SETTLE, NEVER, inputs, changes);
    watching.known = watching.look().unwrap();
    (watching, changed)
}

#[test]
fn no_file_is_gone_because_its_folder_cannot_be_read() {
    let place = Place::new();
    let folder = place.folder("cogs", &ONE);
    let (mut watching, _) = by_hand(&folder);
    let now = Instant::now();
    fs::rename(&folder, place.path("away")).unwrap();
    watching.compare(now);
    assert!(watching.is_unreadable && watching.compare_at.is_some_and(|at| at > now));
    assert_eq!(watching.agenda.next(), None);
    fs::rename(place.path("away"), &folder).unwrap();
    fs::remove_file(library(&folder, "counter")).unwrap();
    watching.compare(now);
    assert!(!watching.is_unreadable);
    assert_eq!(watching.agenda.take(now + SETTLE), Some((library(&folder, "counter"), None)));
    assert_eq!(watching.agenda.next(), None);
}

#[test]
fn no_file_is_gone_because_its_folder_is_gone_with_it() {
    let place = Place::new();
    let folder = place.folder("cogs", &ONE);
    let (mut watching, mut changes) = by_hand(&folder);
    fs::remove_dir_all(&folder).unwrap();
    let now = Instant::now();
    watching.report(library(&folder, "ping"), None, now);
    assert_eq!((changes.try_recv().ok(), watching.compare_at), (None, Some(now)));
    watching.compare(now);
    assert!(watching.is_unreadable);
    place.folder("cogs", &[("counter", "one")]);
    watching.compare(now);
    let due: Vec<_> = std::iter::from_fn(|| watching.agenda.take(now + SETTLE)).collect();
    assert!(due.contains(&(library(&folder, "ping"), None)), "{due:?}");
}

#[test]
fn a_file_that_is_still_written_to_without_events_waits_until_it_has_settled() {
    let place = Place::new();
    let folder = place.folder("cogs", &[("ping", "one")]);
    let file = library(&folder, "ping");
    let (mut watching, mut changes) = by_hand(&folder);
    let start = Instant::now();
    let mut turn = |watching: &mut Watching, at: Instant| {
        let (file, stamp) = watching.agenda.take(at).unwrap();
        watching.report(file, stamp, at);
        changes.try_recv().ok()
    };
    fs::write(&file, "more").unwrap();
    watching.compare(start);
    fs::write(&file, "and more").unwrap();
    assert_eq!(turn(&mut watching, start + SETTLE), None);
    assert_eq!(turn(&mut watching, start + 2 * SETTLE), Some(Change::Try(file)));
    watching.compare(start);
    assert_eq!(watching.agenda.next(), None);
}

#[test]
fn a_folder_that_is_not_there_is_an_error_and_is_not_made() {
    let place = Place::new();
    let folder = place.path("cogs");
    assert_eq!(ensure_folder(&folder).unwrap_err().kind(), std::io::ErrorKind::NotFound);
    assert!(identity(&folder).is_err() && FolderWatch::new(&folder, SETTLE, POLL).is_err());
    fs::write(&folder, "a file").unwrap();
    assert_eq!(ensure_folder(&folder).unwrap_err().kind(), std::io::ErrorKind::NotADirectory);
    fs::remove_file(&folder).unwrap();
    place.folder("cogs", &[]);
    ensure_folder(&folder).unwrap();
}
