//! What the config file sets for a cog is followed while the host runs.

use crate::{
    program::{Place, run},
    running::{ask, discord, run as serve},
};

#[test]
fn a_cog_is_reloaded_when_its_settings_change_in_the_file_and_a_wrong_one_changes_nothing() {
    let place = Place::with(&["faulty"]);
    let (runtime, sim) = discord(&place, "");
    let mut live = serve(&place, sim.token());
    live.expect("ready; the control socket is");
    let before = std::fs::read_to_string(place.path().join("gearshift.toml")).unwrap();
    let set = |lines: &str| {
        place.file("gearshift.toml", &format!("{before}\n[cog.faulty.settings]\n{lines}\n"));
    };
    set("text = \"hi\"");
    live.expect("its settings have changed");
    live.expect("replaced");
    assert_eq!(ask(&runtime, &sim, "!faulty settings").content, "text `hi`, numbers []");
    set("text = 3");
    live.expect("`cog.faulty.settings.text`: invalid type: integer `3`, expected a string");
    set("text = ");
    live.expect("the settings of the cogs stay as they are: ");
    assert_eq!(ask(&runtime, &sim, "!faulty settings").content, "text `hi`, numbers []");
    let shown = run(&place, &["cogs", "info", "faulty"]);
    assert!(shown.out.contains("faulty#2") && shown.out.contains("events: MESSAGE_CREATE"), "{}", shown.out);
    live.signal(15);
    assert_eq!(live.end().0, 0);
}
