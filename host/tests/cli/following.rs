//! `gearshift dev` while packages and workspaces are added, removed and renamed.

use std::fs;

use crate::{
    developing::{SOURCE, develop, develop_in, edit, greeter, package},
    program::{Place, workspace},
};

#[test]
fn packages_that_come_go_and_change_their_names_are_followed() {
    let place = greeter("one");
    let mut live = develop(&place, &[]);
    live.expect("`one#1` was loaded");
    // Another version, and then another name.
    edit(&place, "greeter/Cargo.toml", "0.1.0", "0.2.0");
    live.expect("built `one` in");
    edit(&place, "greeter/Cargo.toml", "name = \"one\"\n", "name = \"two\"\n");
    live.expect("built `two` in");
    live.expect("`two#1` was loaded (0.2.0)");
    // With an invalid manifest, the old generation keeps serving, and the error is shown.
    edit(&place, "greeter/Cargo.toml", "[lib]", "[lib");
    live.expect("failed to build `two`: cannot list the packages in");
    live.say("!greet");
    live.expect("one word 1");
    edit(&place, "greeter/Cargo.toml", "[lib", "[lib]");
    live.expect("built `two` in");
    live.say(":quit");
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_library_whose_name_a_cog_of_another_workspace_has_is_not_built_until_the_name_is_free() {
    let place = greeter("mine");
    package(&place, "other", "yours", "\n[workspace]\n");
    edit(&place, "other/src/lib.rs", "fn greet", "fn welcome");
    // In a shared target folder, cargo takes packages with the same name and version for the same package.
    edit(&place, "other/Cargo.toml", "0.1.0", "0.2.0");
    fs::copy(workspace().join("Cargo.lock"), place.path().join("other/Cargo.lock")).unwrap();
    let mut live = develop_in(&place, &["greeter", "other"]);
    live.expect_all(&["`mine#1` was loaded", "`yours#1` was loaded"]);
    edit(&place, "other/Cargo.toml", "yours", "mine");
    let [first, second] = ["greeter", "other"].map(|it| place.path().join(it).canonicalize().unwrap());
    let both = format!("`{}` and `{}` both build the library `lib", first.display(), second.display());
    live.expect(&format!("failed to build `yours`: {both}"));
    live.expect("help: rename one of them");
    // The first one is still built.
    place.file("greeter/words.txt", "text\n");
    live.expect("`mine#1` was replaced by `mine#2`");
    live.say("!greet");
    live.expect("one text 1");
    // The other one does not have to be saved again.
    edit(&place, "greeter/Cargo.toml", "mine", "ours");
    live.expect_all(&["`ours#1` was loaded", "`mine#3` was loaded"]);
    live.say("!welcome");
    live.expect("one word 2");
    live.say(":quit");
    assert_eq!(live.end().0, 0);
}

#[test]
fn packages_and_folders_that_come_and_go_in_a_workspace_are_followed() {
    let place = Place::with(&[]);
    place.file("greeter/Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"plugins/*\"]\n");
    package(&place, "greeter/plugins/staying", "staying", "");
    fs::copy(workspace().join("Cargo.lock"), place.path().join("greeter/Cargo.lock")).unwrap();
    let mut live = develop(&place, &[]);
    live.expect("`staying#1` was loaded");
    // As if made by hand: the manifest comes last.
    place.file("greeter/plugins/coming/words.txt", "word\n");
    place.file("greeter/plugins/coming/src/lib.rs", &SOURCE.replace("fn greet", "fn wave"));
    package(&place, "aside", "coming", "");
    fs::rename(place.path().join("aside/Cargo.toml"), place.path().join("greeter/plugins/coming/Cargo.toml"))
        .unwrap();
    live.expect("built `coming` and `staying` in");
    live.expect("`coming#1` was loaded");
    // A folder with a module, and one with an included file; both are missing at first.
    edit(
        &place,
        "greeter/plugins/staying/src/lib.rs",
        "use std::cell::Cell;",
        "use std::cell::Cell;\nmod inner;",
    );
    live.expect("file not found for module `inner`");
    fs::create_dir(place.path().join("greeter/plugins/staying/src/inner")).unwrap();
    place.file("greeter/plugins/staying/src/inner/mod.rs", "//! Inside.\n");
    live.expect("built `coming` and `staying` in");
    edit(&place, "greeter/plugins/staying/src/lib.rs", "../words.txt", "../texts/words.txt");
    live.expect("failed to build `staying`");
    place.file("greeter/plugins/staying/texts/words.txt", "text\n");
    live.expect("built `coming` and `staying` in");
    live.expect("was replaced by `staying#");
    live.say("!greet");
    live.expect("one text 1");
    let (here, away) = (place.path().join("greeter/plugins/coming"), place.path().join("away"));
    fs::rename(&here, &away).unwrap();
    live.expect("`coming#1` was unloaded");
    live.expect("built `staying` in");
    fs::rename(&away, &here).unwrap();
    live.expect("`coming#2` was loaded");
    fs::remove_dir_all(here).unwrap();
    live.expect("`coming#2` was unloaded");
    live.say(":quit");
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_folder_that_was_named_and_goes_leaves_the_others() {
    let place = Place::with(&[]);
    place.file("bot/Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"cogs/*\"]\n");
    for name in ["stays", "goes"] {
        package(&place, &format!("bot/cogs/{name}"), name, "");
    }
    edit(&place, "bot/cogs/goes/src/lib.rs", "fn greet", "fn wave");
    fs::copy(workspace().join("Cargo.lock"), place.path().join("bot/Cargo.lock")).unwrap();
    // The one that is removed comes first in the order of arguments.
    let mut live = develop_in(&place, &["bot/cogs/goes", "bot/cogs/stays"]);
    live.expect("#1` was loaded");
    live.expect("#1` was loaded");
    let (here, away) = (place.path().join("bot/cogs/goes"), place.path().join("away"));
    fs::rename(&here, &away).unwrap();
    live.expect("`goes#1` was unloaded");
    edit(&place, "bot/cogs/stays/src/lib.rs", "one", "two");
    live.expect("was replaced by `stays#2`");
    // An error in the manifest is shown as cargo shows it.
    edit(&place, "bot/Cargo.toml", "[workspace]", "[workspace");
    live.expect("failed to build `stays`: cannot list the packages in");
    live.expect("1 | [workspace");
    edit(&place, "bot/Cargo.toml", "[workspace", "[workspace]");
    fs::rename(&away, &here).unwrap();
    live.expect("`goes#2` was loaded");
    live.say(":quit");
    assert_eq!(live.end().0, 0);
}

#[test]
fn packages_in_a_folder_that_the_workspace_above_excludes_are_followed_apart_from_each_other() {
    let place = Place::with(&[]);
    place.file("above/Cargo.toml", "[workspace]\nresolver = \"3\"\nexclude = [\"cogs\"]\n");
    for name in ["left", "right"] {
        package(&place, &format!("above/cogs/{name}"), name, "");
        let lock = place.path().join(format!("above/cogs/{name}/Cargo.lock"));
        fs::copy(workspace().join("Cargo.lock"), lock).unwrap();
    }
    edit(&place, "above/cogs/left/src/lib.rs", "fn greet", "fn wave");
    let mut live = develop_in(&place, &["above/cogs"]);
    live.expect_all(&["`left#1` was loaded", "`right#1` was loaded"]);
    // A mistake in the manifest of one keeps the other from nothing.
    edit(&place, "above/cogs/left/Cargo.toml", "[lib]", "[lib");
    live.expect("failed to build `left`: cannot list the packages in");
    edit(&place, "above/cogs/right/Cargo.toml", "0.1.0", "0.2.0");
    live.expect("built `right` in");
    edit(&place, "above/cogs/left/Cargo.toml", "[lib", "[lib]");
    live.expect("built `left` in");
    live.say(":quit");
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_cog_that_was_renamed_serves_until_it_is_built_under_its_new_name() {
    let place = greeter("former");
    let mut live = develop(&place, &[]);
    live.expect("`former#1` was loaded");
    live.say("!greet");
    live.expect("one word 1");
    edit(&place, "greeter/src/lib.rs", "use std", "uses std");
    live.expect("failed to build `former`");
    edit(&place, "greeter/Cargo.toml", "former", "latter");
    live.expect("failed to build `latter`");
    live.say("!greet");
    live.expect("one word 2");
    edit(&place, "greeter/src/lib.rs", "uses std", "use std");
    live.expect("`latter#1` was loaded");
    live.say("!greet");
    live.expect("one word 1");
    // Only the library's name: it is the same cog.
    edit(&place, "greeter/Cargo.toml", "the_latter", "the_last");
    live.expect("by `latter#2`");
    live.say("!greet");
    live.expect("one word 2");
    live.say(":quit");
    assert_eq!(live.end().0, 0);
}
