//! What happens to a cog's file before it is opened. All libraries here are real ones, intact or damaged on purpose.

use std::{fs, path::Path, process::Command};

use gearshift_cog::abi::ABI;
use gearshift_host::library::{Digest, Inspection, NotALibrary, Note, Readiness, examine, prepare, read};
use object::{Object, ObjectSection};
use tempfile::TempDir;

use crate::{
    copies::private_folder,
    damage::Damaged,
    libraries::{Build, library},
};

/// The full chain of an error, as in the log, without the path, which differs from run to run.
fn refusal(file: &Path) -> String {
    let (_base, folder) = private_folder();
    let refused = prepare(&folder, file).expect_err("it is refused");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "only the lock is left");
    let chain = format!("{refused}: {}", refused.why);
    chain.replace(&file.display().to_string(), "FILE")
}

#[test]
fn a_cog_is_prepared_with_what_it_declares() {
    let ping = library("ping");
    let (_base, folder) = private_folder();
    let prepared = prepare(&folder, &ping).unwrap();
    assert_eq!(prepared.manifest.name, "ping");
    let registered = prepared.manifest.commands[0].discord.as_ref().expect("a slash command");
    assert_eq!(registered["options"][0]["name"], "text");
    assert_eq!(prepared.notes, []);
    assert_eq!(prepared.copy.digest(), Digest::of(&ping).unwrap());
    assert_eq!(fs::read(prepared.copy.path()).unwrap(), fs::read(&ping).unwrap());
}

#[test]
fn every_example_cog_can_be_loaded() {
    for cog in ["counter", "faulty", "lookup", "poll", "pulse", "remind", "tags", "welcome"] {
        let inspection = Inspection::of(&library(cog)).unwrap();
        assert!(inspection.loads() && inspection.notes.is_empty(), "{inspection}");
        assert_eq!(inspection.cog.name, cog);
    }
}

#[test]
fn a_truncated_library_is_never_taken_for_complete() {
    let file = Damaged::copy_of(&library("ping"));
    let whole = file.bytes().len() as u64;
    let handle = fs::File::options().write(true).open(file.path()).unwrap();
    // From the end, so that each step only truncates: every length within the headers, and a sample of the rest.
    let mut length = whole;
    while length > 0 {
        length = if length <= 2048 || length > whole - 64 {
            length - 1
        } else {
            length - length.min(4099).min(length - 2048)
        };
        handle.set_len(length).unwrap();
        match examine(file.path()).unwrap() {
            Readiness::Incomplete { length: there, needed } => assert!(there == length && needed > length),
            Readiness::NotALibrary(why) => panic!("{length} bytes of a library: {why}"),
            Readiness::Complete(_) => panic!("{length} of {whole} bytes pass for a library"),
        }
    }
}

#[test]
fn a_file_that_is_only_reserved_is_waited_for() {
    let file = Damaged::from_bytes(&[0; 4096]);
    assert!(matches!(examine(file.path()).unwrap(), Readiness::Incomplete { length: 4096, needed: 4097 }));
    assert_eq!(
        refusal(file.path()),
        "cannot load `FILE`: it is incomplete: 4096 bytes are there, and 4097 are needed"
    );
}

#[test]
fn other_files_are_distinguished() {
    let text = Damaged::from_bytes(b"a cog, honestly\n");
    assert_eq!(refusal(text.path()), "cannot load `FILE`: it is not a library of any known format");
    let folder = TempDir::new().unwrap();
    assert_eq!(refusal(folder.path()), "cannot load `FILE`: it is not a regular file");
    let missing = folder.path().join("libgone.so");
    assert_eq!(refusal(&missing), "cannot load `FILE`: failed to read it");
    let object = Damaged::copy_of(&library("ping")).with_type(object::elf::ET_REL.0);
    assert_eq!(
        refusal(object.path()),
        "cannot load `FILE`: it is an object file or a program, not a shared library"
    );
    let plain = Damaged::copy_of(&library("ping")).replace_all(b".gearshift\0", b".gearshifu\0");
    assert_eq!(refusal(plain.path()), "cannot load `FILE`: it is not a cog: it has no section `.gearshift`");
    assert!(matches!(examine(text.path()).unwrap(), Readiness::NotALibrary(NotALibrary::UnknownFormat)));
}

#[test]
fn a_library_that_this_host_cannot_serve_is_refused_with_both_sides() {
    let target = gearshift_cog::manifest::TARGET;
    let table = [
        ("\"abi\":[1,", "\"abi\":[2,", format!("it speaks ABI 2.{}, this host speaks {}", ABI.1, abi())),
        ("\"target\":\"x86_64", "\"target\":\"riscv6", {
            let other = target.replacen("x86_64", "riscv6", 1);
            format!("it is built for `{other}`, this host for `{target}`")
        }),
        (
            "\"panic\":\"unwind\"",
            "\"panic\":\"abort\" ",
            "it is built with `panic = \"abort\"`: a panic in it would end the bot".to_owned(),
        ),
        ("\"type\":1,\"name\":\"ping\"", "\"type\":1,\"name\":\"Ping\"", {
            "its command \"Ping\": a name has 1 to 32 lower-case letters, digits, `-` and `_`".to_owned()
        }),
    ];
    for (from, to, expected) in table {
        let file = Damaged::copy_of(&library("ping")).replace_in_manifest(from, to);
        assert_eq!(refusal(file.path()), format!("cannot load `ping` from `FILE`: {expected}"));
    }
    let nameless = Damaged::copy_of(&library("ping"))
        .replace_in_manifest("\"name\":\"ping\",\"version\"", "\"name\":\"../p\",\"version\"");
    let expected = "its name \"../p\" is not 1 to 32 of `a`-`z`, `0`-`9`, `-` and `_`";
    assert_eq!(refusal(nameless.path()), format!("cannot load `FILE`: {expected}"));
}

#[test]
fn a_manifest_of_another_form_and_abi_is_an_abi_mismatch() {
    let file = Damaged::copy_of(&library("ping"))
        .replace_in_manifest("\"rustc\"", "\"cargo\"")
        .replace_in_manifest("\"abi\":[1,", "\"abi\":[9,");
    let expected =
        format!("cannot load `ping` from `FILE`: it speaks ABI 9.{}, this host speaks {}", ABI.1, abi());
    assert_eq!(refusal(file.path()), expected);
    let broken = Damaged::copy_of(&library("ping")).replace_in_manifest("\"rustc\"", "\"cargo\"");
    assert!(refusal(broken.path()).contains("its manifest cannot be read: missing field `rustc`"));
    // A key is quoted, and cannot move the cursor.
    let file = Damaged::copy_of(&library("ping"));
    let key = refusal(file.replace_in_manifest("\"rustc\":\"", "\"r\u{7f}stc\":!").path());
    assert!(key.contains(r"its manifest cannot be read: r\u{7f}stc: expected value"), "{key}");
}

#[test]
fn a_cog_that_claims_another_abi_is_refused() {
    let liar = Build::of("faulty").features("lie").library();
    assert_eq!(
        refusal(&liar),
        format!("cannot load `faulty` from `FILE`: it speaks ABI 65535.7, this host speaks {}", abi())
    );
}

#[test]
fn two_builds_of_one_cog_stand_beside_each_other() {
    let (red, blue) = (Build::of("faulty").variant("red"), Build::of("faulty").variant("blue"));
    let (red, blue) = (red.library(), blue.library());
    let digest = |file: &Path| Digest::of(file).unwrap();
    assert_ne!(digest(&red), digest(&blue));
    assert_eq!(digest(&red), digest(&Build::of("faulty").variant("red").library()));
}

#[test]
fn a_newer_minor_of_the_abi_is_served() {
    let file = Damaged::copy_of(&library("ping"))
        .replace_in_manifest(&format!("\"abi\":[1,{}]", ABI.1), "\"abi\":[1,9]");
    let (_base, folder) = private_folder();
    assert_eq!(prepare(&folder, file.path()).unwrap().notes, [Note::NewerAbi((1, 9))]);
}

#[test]
fn a_missing_module_header_is_noticed_in_the_file() {
    let name = abi_stable::library::ROOT_MODULE_LOADER_NAME_WITH_NUL.as_bytes();
    let mut other = name.to_vec();
    other[3] = b'x';
    let file = Damaged::copy_of(&library("ping")).replace_all(name, &other);
    assert!(refusal(file.path()).ends_with("it has a manifest, but no module that the host can open"));
}

#[test]
fn what_keeps_a_library_mapped_is_noticed() {
    let unique = Damaged::copy_of(&library("ping")).with_unique_symbol("GEARSHIFT_MANIFEST");
    let notes = Inspection::of(unique.path()).unwrap().notes;
    assert!(
        notes[0].contains("it is never unmapped") && notes[0].contains("`GEARSHIFT_MANIFEST`"),
        "{notes:?}"
    );
    let bare =
        Damaged::copy_of(&library("ping")).replace_all(b"\0pthread_key_create\0", b"\0pthread_key_creata\0");
    let contents = read(bare.path()).unwrap();
    assert_eq!(contents.not_interposed, ["pthread_key_create"]);
}

#[test]
fn a_library_that_asks_to_stay_mapped_is_unmapped_all_the_same() {
    let file = Damaged::copy_of(&library("ping")).with_nodelete();
    let before = fs::read(file.path()).unwrap();
    let (_base, folder) = private_folder();
    let prepared = prepare(&folder, file.path()).unwrap();
    assert_eq!(prepared.notes, [Note::NoDelete]);
    assert_eq!(read(prepared.copy.path()).unwrap().nodelete_at, None);
    assert_eq!(fs::read(file.path()).unwrap(), before, "the cog's own file is never written to");
    assert!(stays_mapped(file.path()), "the flag does what this test is about");
    assert!(!stays_mapped(prepared.copy.path()));
}

#[test]
fn nothing_of_a_library_that_is_refused_was_executed() {
    let folder = TempDir::new().unwrap();
    let (mark, text) = (folder.path().join("executed"), folder.path().join("manifest"));
    // Its constructor runs as soon as it is opened.
    let source = format!(
        "#include <stdio.h>\n\
         __asm__(\".section .gearshift,\\\"a\\\"\\n.incbin \\\"{}\\\"\\n.previous\");\n\
         __attribute__((constructor)) static void run(void) {{ fclose(fopen(\"{}\", \"w\")); }}\n",
        text.display(),
        mark.display(),
    );
    let c = folder.path().join("cog.c");
    fs::write(&c, source).unwrap();
    let manifest = manifest_of(&library("ping"));
    for (number, manifest) in [
        manifest.replace("\"abi\":[1,", "\"abi\":[2,"),
        manifest.replace("\"unwind\"", "\"abort\""),
        manifest.replace("\"name\"", "\"nome\""),
        "no manifest".to_owned(),
        // Only the header of its module is missing.
        manifest,
    ]
    .into_iter()
    .enumerate()
    {
        fs::write(&text, manifest).unwrap();
        let file = folder.path().join(format!("libodd{number}.so"));
        let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
        let compiled = Command::new(compiler).args(["-shared", "-fPIC", "-o"]).arg(&file).arg(&c).status();
        assert!(compiled.unwrap().success());
        refusal(&file);
        drop(Inspection::of(&file));
        assert!(!mark.exists(), "it was executed: {number}");
        stays_mapped(&file);
        assert!(fs::remove_file(&mark).is_ok(), "opening it is what executes it");
    }
}

/// The text of a library's manifest section.
fn manifest_of(library: &Path) -> String {
    let bytes = fs::read(library).unwrap();
    let file = object::File::parse(&*bytes).unwrap();
    let section = file.section_by_name(".gearshift").unwrap().data().unwrap();
    String::from_utf8(section.to_vec()).unwrap().trim_end_matches('\0').to_owned()
}

/// Opens and closes a library. Returns whether it is still mapped.
fn stays_mapped(file: &Path) -> bool {
    let maps = || fs::read_to_string("/proc/self/maps").unwrap().contains(&file.display().to_string());
    assert!(!maps());
    // SAFETY: its constructors are those of Rust's standard library, or one that makes a file; nothing else of it is called.
    let library = unsafe { libloading::Library::new(file) }.unwrap();
    assert!(maps());
    library.close().unwrap();
    maps()
}

#[test]
fn damaged_libraries_are_refused_or_read_without_a_panic() {
    let mut file = Damaged::copy_of(&library("ping"));
    let places = file.places_that_matter();
    let mut refused = 0;
    for (at, byte) in places.into_iter().flat_map(|at| [(at, 0x00), (at, 0x7f), (at, 0xff)]) {
        let was = file.poke(at, byte);
        let outcome = examine(file.path()).map(|found| matches!(found, Readiness::Complete(_)));
        if !outcome.unwrap() || read(file.path()).is_err() {
            refused += 1;
        }
        file.poke(at, was);
    }
    assert!(refused > 100, "only {refused} damages were noticed");
    assert!(Inspection::of(file.path()).unwrap().loads(), "every damage was undone");
}

#[test]
fn an_inspection_reads_well_and_is_json() {
    let ping = library("ping");
    let inspection = Inspection::of(&ping).unwrap();
    let text = inspection.to_string();
    let speaks = format!("  abi      {0} (this host speaks {0})", abi());
    for line in [&*speaks, "  commands /ping [text]", "  loads    yes"] {
        assert!(text.contains(line), "{text}");
    }
    let json = serde_json::to_value(&inspection).unwrap();
    assert_eq!((&json["cog"]["name"], &json["cog"]["panic"]), (&"ping".into(), &"unwind".into()));
    assert_eq!(json["digest"], Digest::of(&ping).unwrap().to_string());
    assert_eq!(json["problems"].as_array().map(Vec::len), Some(0));

    let liar = Build::of("faulty").features("lie").library();
    let inspection = Inspection::of(&liar).unwrap();
    assert!(!inspection.loads());
    assert!(
        inspection
            .to_string()
            .contains(&format!("  problem  it speaks ABI 65535.7, this host speaks {}", abi()))
    );
    assert!(inspection.problems[0].help.contains("rebuild it against gearshift-cog 1.x"));
}

/// The ABI of this host, as messages name it.
fn abi() -> String {
    format!("{}.{}", ABI.0, ABI.1)
}
