//! Packages in folders: what was put is what is found, and any change to it is noticed.

use std::{
    fs,
    path::{Path, PathBuf},
};

use semver::Version;

use super::{
    about::{About, Settings},
    keys::SecretKey,
    oci::{self, Descriptor, Index, Manifest, Platform, bytes_of},
    packed::{Bytes, Part, in_memory_place},
    *,
};

const HERE: &str = "x86_64-unknown-linux-gnu";
const THERE: &str = "aarch64-unknown-linux-gnu";

/// A package of `greeter` for two targets, whose libraries are placeholders.
fn sample(version: &str, code: &str) -> Packed<'static> {
    sample_of_size(version, code, None)
}

/// A sample that declares this size for its library.
fn sample_of_size(version: &str, code: &str, size: Option<u64>) -> Packed<'static> {
    sample_with(version, code, |library| vec![Descriptor { size: size.unwrap_or(library.size), ..library }])
}

/// A sample whose manifests name these layers.
fn sample_with(version: &str, code: &str, layers: impl Fn(Descriptor) -> Vec<Descriptor>) -> Packed<'static> {
    let version: Version = version.parse().unwrap();
    let mut index = Index { artifact_type: Some(oci::PACKAGE.to_owned()), ..Index::default() };
    index.annotations.insert(oci::TITLE.to_owned(), "greeter".to_owned());
    index.annotations.insert(oci::VERSION.to_owned(), version.to_string());
    let (mut manifests, mut all) = (Vec::new(), Vec::new());
    for target in [THERE, HERE] {
        let about = About {
            abi: (1, 0),
            authors: Vec::new(),
            commands: Vec::new(),
            description: None,
            events: Vec::new(),
            handles: None,
            license: None,
            name: "greeter".to_owned(),
            repository: None,
            rustc: "rustc".to_owned(),
            settings: Settings::default(),
            target: target.to_owned(),
            version: version.clone(),
        };
        let parts = [(oci::ABOUT, bytes_of(&about)), (oci::LIBRARY, format!("{code} {target}").into_bytes())];
        let [config, library] = [0, 1].map(|at: usize| Descriptor::of(parts[at].0, &parts[at].1));
        all.extend(parts.map(|(media_type, bytes)| Part {
            descriptor: Descriptor::of(media_type, &bytes),
            what: "a part".to_owned(),
            bytes: Bytes::Memory(bytes),
        }));
        let manifest = bytes_of(&Manifest::new(oci::PACKAGE, config, layers(library)));
        let mut entry = Descriptor::of(oci::MANIFEST, &manifest).annotated(oci::TARGET, target);
        entry.platform = Some(Platform::of(target));
        index.manifests.push(entry);
        manifests.push(manifest);
    }
    Packed::new(read(&index).unwrap(), manifests, all)
}

fn read(index: &Index) -> Result<Package, PackageError> {
    let bytes = bytes_of(index);
    Package::read(&in_memory_place("greeter"), Digest::of(&bytes), bytes)
}

fn key() -> SecretKey {
    SecretKey::new(minisign::KeyPair::generate_unencrypted_keypair().unwrap().sk).unwrap()
}

fn folder(place: &tempfile::TempDir, name: &str) -> Repository {
    Repository::open(&Place::in_folder(&place.path().join(name), "greeter"), Access::default()).unwrap()
}

fn reference(repository: &Repository, rest: &str) -> Reference {
    format!("{}{rest}", repository.place()).parse().unwrap()
}

async fn found(repository: &Repository, rest: &str, trust: &Trust) -> Result<Package, PackageError> {
    repository.find(&reference(repository, rest), trust).await
}

async fn code(repository: &Repository, package: &Package) -> Result<String, PackageError> {
    let artifact = repository.artifact(package, HERE).await?;
    let mut code = Vec::new();
    repository.library(package, &artifact, &mut code, Path::new("memory")).await?;
    Ok(String::from_utf8(code).unwrap())
}

#[tokio::test]
async fn what_is_put_into_a_folder_is_found_there_and_is_the_same_wherever_it_is_copied() {
    let place = tempfile::tempdir().unwrap();
    let (one, other) = (folder(&place, "one"), folder(&place, "deep/other"));
    let missing = found(&one, "", &Trust::default()).await.unwrap_err();
    assert!(matches!(missing, PackageError::NoPackage(_)), "{missing}");
    let mut packed = sample("1.2.0", "code");
    packed.sign(&key()).unwrap();
    assert_eq!(packed.put(&one, false).await.unwrap(), Put::New);
    assert_eq!(packed.put(&one, false).await.unwrap(), Put::Same);
    let package = found(&one, "", &Trust::default()).await.unwrap();
    assert_eq!(package.digest(), packed.package().digest());
    assert_eq!(package.targets().collect::<Vec<_>>(), [THERE, HERE]);
    assert_eq!(code(&one, &package).await.unwrap(), format!("code {HERE}"));
    let error = one.artifact(&package, "riscv64gc-unknown-linux-gnu").await.unwrap_err();
    assert!(error.to_string().contains("it is for aarch64-unknown-linux-gnu, x86_64-"), "{error}");

    let taken = Packed::take(&one, package).await.unwrap();
    assert_eq!(taken.put(&other, false).await.unwrap(), Put::New);
    let files = |name: &str| {
        let below = place.path().join(name).join("greeter");
        let mut files: Vec<(String, Vec<u8>)> = ["", "blobs/sha256"]
            .into_iter()
            .flat_map(|folder| fs::read_dir(below.join(folder)).unwrap())
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file())
            .map(|path| (path.strip_prefix(&below).unwrap().display().to_string(), fs::read(&path).unwrap()))
            .collect();
        files.sort();
        files
    };
    assert_eq!(files("one"), files("deep/other"), "byte for byte, with its signature");
}

#[tokio::test]
async fn a_version_is_not_replaced_by_another_content_unless_that_is_asked_for() {
    let place = tempfile::tempdir().unwrap();
    let repository = folder(&place, "packages");
    let (old, new) = (sample("1.2.0", "old"), sample("1.2.0", "new"));
    old.put(&repository, false).await.unwrap();
    let error = new.put(&repository, false).await.unwrap_err();
    assert!(matches!(error, PackageError::VersionExists { .. }), "{error}");
    let pinned = format!(":1.2.0@{}", old.package().digest());
    found(&repository, &pinned, &Trust::default()).await.unwrap();
    assert_eq!(new.put(&repository, true).await.unwrap(), Put::Replaced(old.package().digest()));
    let error = found(&repository, &pinned, &Trust::default()).await.unwrap_err();
    assert!(error.to_string().contains("its tag has been moved"), "{error}");
    let by_digest = format!("@{}", old.package().digest());
    assert_eq!(
        found(&repository, &by_digest, &Trust::default()).await.unwrap().version(),
        &Version::new(1, 2, 0)
    );
}

#[tokio::test]
async fn the_newest_version_is_taken_and_no_pre_release_unless_it_is_named() {
    let place = tempfile::tempdir().unwrap();
    let repository = folder(&place, "packages");
    for version in ["1.2.0", "1.10.0", "2.0.0-rc.1", "1.9.0+build.7", "0.1.0"] {
        sample(version, version).put(&repository, false).await.unwrap();
    }
    let versions = repository.versions().await.unwrap();
    let shown: Vec<String> = versions.iter().map(Version::to_string).collect();
    assert_eq!(shown, ["0.1.0", "1.2.0", "1.9.0+build.7", "1.10.0", "2.0.0-rc.1"]);
    for (rest, version) in [
        ("", "1.10.0"),
        ("@^1", "1.10.0"),
        ("@<1.10", "1.9.0+build.7"),
        ("@0.1", "0.1.0"),
        (":2.0.0-rc.1", "2.0.0-rc.1"),
        (":1.9.0_build.7", "1.9.0+build.7"),
    ] {
        let package = found(&repository, rest, &Trust::default()).await.unwrap();
        assert_eq!(package.version().to_string(), version, "{rest}");
    }
    let error = found(&repository, "@^3", &Trust::default()).await.unwrap_err().to_string();
    assert!(
        error.ends_with("has no version of ^3; it has 2.0.0-rc.1, 1.10.0, 1.9.0+build.7, 1.2.0, 0.1.0"),
        "{error}"
    );
    let error = found(&repository, ":1.2.1", &Trust::default()).await.unwrap_err().to_string();
    assert!(error.contains("has no version 1.2.1; it has"), "{error}");
}

#[tokio::test]
async fn whatever_is_changed_in_a_package_is_noticed_before_it_is_used() {
    let place = tempfile::tempdir().unwrap();
    let repository = folder(&place, "packages");
    let mut packed = sample("1.2.0", "code");
    let key = key();
    packed.sign(&key).unwrap();
    packed.put(&repository, false).await.unwrap();
    let trust = Trust { keys: vec![key.public().clone()], required: true, ..Trust::default() };
    let blobs = place.path().join("packages/greeter/blobs/sha256");
    let files: Vec<PathBuf> = fs::read_dir(&blobs).unwrap().map(|entry| entry.unwrap().path()).collect();
    let use_it = async || {
        let package = found(&repository, "", &trust).await?;
        Packed::take(&repository, package).await?.check().await
    };
    use_it().await.unwrap();
    assert_eq!(files.len(), 11, "2 of each manifest, config, library; index; 4 of the signature");
    // The signature's empty config is never read.
    let empty = blobs.join(Digest::of(oci::EMPTY_BYTES).hex());
    for file in files.into_iter().filter(|file| *file != empty) {
        let content = fs::read(&file).unwrap();
        let mut flipped = content.clone();
        flipped[content.len() / 2] ^= 1;
        for (wrong, is) in [
            (flipped, "is damaged: it should be sha256:"),
            (content[..content.len() - 1].to_vec(), "it should "),
            ([&content[..], b" "].concat(), "it should "),
            (b"".to_vec(), "it should "),
        ] {
            fs::write(&file, wrong).unwrap();
            let error = use_it().await.unwrap_err();
            assert!(error.to_string().contains(is), "{}: {error}", file.display());
            assert!(error.help().is_some_and(|help| help.contains("try again")), "{error}");
        }
        fs::remove_file(&file).unwrap();
        let error = use_it().await.unwrap_err();
        assert!(matches!(error, PackageError::Missing { .. }), "{error}");
        fs::write(&file, content).unwrap();
    }
    // Putting it again repairs it.
    fs::write(blobs.join(packed.package().digest().hex()), "x").unwrap();
    assert!(use_it().await.is_err());
    packed.put(&repository, true).await.unwrap();
    use_it().await.unwrap();
}

#[tokio::test]
async fn a_library_of_another_size_than_the_package_says_or_of_any_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let repository = folder(&place, "packages");
    for (version, size, what) in [
        ("1.0.0", 3, "is incomplete: it should have 3 bytes, but has 4 or more"),
        ("1.0.1", 1 << 20, "is incomplete: it should have 1048576 bytes, but has "),
        ("1.0.2", (1 << 30) + 1, "has 1073741825 bytes; at most 1073741824 are allowed"),
        ("1.0.3", u64::MAX, "has 18446744073709551615 bytes; at most"),
    ] {
        sample_of_size(version, "code", Some(size)).put(&repository, false).await.unwrap();
        let package = found(&repository, &format!(":{version}"), &Trust::default()).await.unwrap();
        let error = code(&repository, &package).await.unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
        let error = async { Packed::take(&repository, package).await?.check().await }.await.unwrap_err();
        let is_large = matches!(error, PackageError::TooLarge { .. });
        assert!(is_large || error.to_string().contains(what), "{error}");
    }
}

#[tokio::test]
async fn a_package_that_names_more_than_any_has_is_refused_before_that_is_read() {
    let place = tempfile::tempdir().unwrap();
    let repository = folder(&place, "packages");
    let take = async |packed: Packed<'_>| {
        packed.put(&repository, false).await.unwrap();
        let package = packed.package();
        let found = found(&repository, &format!(":{}", package.version()), &Trust::default()).await;
        Packed::take(&repository, found.unwrap()).await.map(drop)
    };
    // A part counts once, however often it is named.
    take(sample_with("1.0.0", "code", |library| vec![library; 1000])).await.unwrap();
    // Many parts of the maximum size; none of them exists.
    let many = sample_with("1.0.1", "code", |library| {
        let other = |number: u32| Descriptor {
            digest: Digest::of(&number.to_le_bytes()),
            size: 1 << 30,
            ..Descriptor::of(oci::TEXT, b"")
        };
        [library].into_iter().chain((0..1000).map(other)).collect()
    });
    let error = take(many).await.unwrap_err();
    assert!(matches!(error, PackageError::TooLarge { .. }), "{error}");

    let mut index: Index = serde_json::from_slice(sample("1.0.2", "code").package().bytes()).unwrap();
    index.artifact_type = Some(oci::PACKAGE.to_owned());
    read(&index).unwrap();
    index.manifests.push(index.manifests[0].clone());
    let why = read(&index).unwrap_err().to_string();
    assert!(why.contains("it names the target `aarch64-unknown-linux-gnu` twice"), "{why}");
    index.manifests.pop();
    for target in ["", "\u{1b}[2J", "a b", &"x".repeat(101)] {
        let mut odd = index.clone();
        odd.manifests[0].annotations.insert(oci::TARGET.to_owned(), target.to_owned());
        let why = read(&odd).unwrap_err().to_string();
        assert!(why.contains("` is not a target") && !why.contains('\u{1b}'), "{why}");
    }
    let none = Index { manifests: Vec::new(), ..index.clone() };
    assert!(read(&none).unwrap_err().to_string().contains("it is for no target"));
    index.manifests = vec![index.manifests[0].clone(); 10_000];
    let why = read(&index).unwrap_err().to_string();
    assert!(why.contains("it is for 10000 targets; at most 100 are allowed"), "{why}");

    // Signatures, each of which takes a request of its own.
    let mut packed = sample("1.0.3", "code");
    packed.sign(&key()).unwrap();
    packed.put(&repository, false).await.unwrap();
    let blobs = place.path().join("packages/greeter/blobs/sha256");
    let mut referrers = repository.referrers(&packed.package().digest()).await.unwrap();
    referrers.manifests = vec![referrers.manifests[0].clone(); 1000];
    let bytes = bytes_of(&referrers);
    fs::write(blobs.join(Digest::of(&bytes).hex()), &bytes).unwrap();
    let index = place.path().join("packages/greeter/index.json");
    let mut tags: Index = serde_json::from_slice(&fs::read(&index).unwrap()).unwrap();
    let tag = oci::referrers_tag(&packed.package().digest());
    for entry in tags.manifests.iter_mut().filter(|it| it.annotations[oci::REF_NAME] == tag) {
        (entry.digest, entry.size) = (Digest::of(&bytes), bytes.len() as u64);
    }
    fs::write(&index, bytes_of(&tags)).unwrap();
    let why = found(&repository, ":1.0.3", &Trust::default()).await.unwrap_err().to_string();
    assert!(why.contains("it has 1000 signatures; at most 100 are allowed"), "{why}");

    // A list of versions that is too large to read, and one that would become so.
    fs::write(&index, " ".repeat((4 << 20) + 1)).unwrap();
    let why = repository.versions().await.unwrap_err().to_string();
    assert!(why.contains("index.json` has 4194305 bytes; at most 4194304 are allowed"), "{why}");
    let long = Descriptor::of(oci::TEXT, b"").annotated("padding", &"x".repeat((4 << 20) - 400));
    let full = bytes_of(&Index { manifests: vec![long], ..Index::default() });
    fs::write(&index, &full).unwrap();
    repository.versions().await.unwrap();
    let error = sample("1.0.4", "code").put(&repository, false).await.unwrap_err();
    assert!(matches!(error, PackageError::TooLarge { .. }), "{error}");
    assert!(fs::read(&index).unwrap() == full);
}

#[tokio::test]
async fn a_signature_counts_only_if_it_is_by_a_trusted_key_and_of_this_package() {
    let place = tempfile::tempdir().unwrap();
    let repository = folder(&place, "packages");
    let (mine, others) = (key(), key());
    let required = Trust { keys: vec![mine.public().clone()], required: true, ..Trust::default() };
    let optional = Trust { keys: vec![mine.public().clone()], required: false, ..Trust::default() };
    let mut packed = sample("1.2.0", "code");
    packed.put(&repository, false).await.unwrap();
    let error = found(&repository, "", &required).await.unwrap_err();
    assert!(error.to_string().ends_with("greeter:1.2.0` is not signed, but must be"), "{error}");
    assert!(found(&repository, "", &optional).await.unwrap().signed_by().is_none());

    packed.sign(&others).unwrap();
    packed.put(&repository, false).await.unwrap();
    let error = found(&repository, "", &required).await.unwrap_err();
    let ids = format!("is signed by {}, but none of them is trusted", others.public().id());
    assert!(error.to_string().contains(&ids), "{error}");
    assert!(found(&repository, "", &optional).await.unwrap().signed_by().is_none());

    let mut again =
        Packed::take(&repository, found(&repository, "", &optional).await.unwrap()).await.unwrap();
    again.sign(&mine).unwrap();
    again.sign(&mine).unwrap();
    again.put(&repository, false).await.unwrap();
    let package = found(&repository, "", &required).await.unwrap();
    assert_eq!(package.signed_by(), Some(mine.public()));
    assert_eq!(repository.signatures(&package.digest()).await.unwrap().len(), 2);

    // A signature of the trusted key for something else, put beside this package.
    let (mut forged, mut other) = (sample("1.3.0", "code"), sample("1.4.0", "code"));
    other.sign(&mine).unwrap();
    forged.put_signatures_of(&other);
    forged.put(&repository, false).await.unwrap();
    for trust in [&required, &optional] {
        let error = found(&repository, ":1.3.0", trust).await.unwrap_err();
        assert!(matches!(error, PackageError::Forged { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_tag_under_which_another_version_or_something_else_was_put_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let repository = folder(&place, "packages");
    sample("1.1.0", "old").put(&repository, false).await.unwrap();
    sample("1.2.0", "new").put(&repository, false).await.unwrap();
    let index = place.path().join("packages/greeter/index.json");
    let text = fs::read_to_string(&index).unwrap();
    let replayed = text.replace("\"1.2.0\"", "\"x\"").replace("\"1.1.0\"", "\"1.2.0\"");
    fs::write(&index, &replayed).unwrap();
    for rest in ["", ":1.2.0", "@1"] {
        let error = found(&repository, rest, &Trust::default()).await.unwrap_err().to_string();
        assert!(error.ends_with("greeter:1.2.0` contains 1.1.0, but should contain 1.2.0"), "{error}");
    }
    fs::rename(place.path().join("packages/greeter"), place.path().join("packages/fine")).unwrap();
    let renamed =
        Repository::open(&Place::in_folder(&place.path().join("packages"), "fine"), Access::default());
    let error = found(&renamed.unwrap(), ":1.2.0", &Trust::default()).await.unwrap_err().to_string();
    assert!(error.ends_with("contains `greeter`, but should contain `fine`"), "{error}");
    for (index, why) in [("{}", "not an OCI index"), ("[", "not an OCI index")] {
        let folder = place.path().join("packages/greeter");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("index.json"), index).unwrap();
        let error = found(&repository, "", &Trust::default()).await.unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}
