//! The page's files, embedded in the executable.

/// A file and the path at which it is served.
pub(super) struct Asset {
    pub(super) path: &'static str,
    pub(super) bytes: &'static [u8],
}

impl Asset {
    pub(super) fn content_type(&self) -> &'static str {
        match self.path.rsplit_once('.').map(|(_, ending)| ending) {
            Some("js") => "text/javascript; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("svg") => "image/svg+xml",
            _ => "text/html; charset=utf-8",
        }
    }
}

macro_rules! assets {
    ($($name:literal)*) => {
        &[
            Asset { path: "/", bytes: include_bytes!("../../../page/index.html") },
            $(Asset {
                path: concat!("/page/", $name),
                bytes: include_bytes!(concat!("../../../page/", $name)),
            },)*
        ]
    };
}

pub(super) const ASSETS: &[Asset] = assets! {
    "app.js" "dom.js" "icon.svg" "main.js" "signals.js"
    "state/interactions.js" "state/log.js" "state/messages.js" "state/permissions.js" "state/session.js"
    "state/store.js"
    "style/composer.css" "style/content.css" "style/layout.css" "style/messages.css" "style/overlays.css"
    "style/tokens.css"
    "text/emoji.js" "text/markdown.js" "text/render.js" "text/time.js"
    "view/actions.js" "view/attachments.js" "view/channels.js" "view/completion.js" "view/components.js"
    "view/composer.js" "view/dialog.js" "view/editor.js" "view/embed.js" "view/entities.js" "view/guilds.js"
    "view/header.js" "view/members.js" "view/menu.js" "view/message.js" "view/messages.js" "view/modal.js"
    "view/panel.js" "view/place.js" "view/poll.js" "view/profile.js" "view/reactions.js" "view/select.js"
    "view/slash.js" "view/switcher.js" "view/system.js" "view/window.js"
    "wire/gateway.js" "wire/rest.js"
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    fn collect(folder: &Path, top: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(top).unwrap().to_str().unwrap().to_owned();
            match (path.is_dir(), name.as_str()) {
                (true, "tests") => {}
                (true, _) => collect(&path, top, found),
                (false, "index.html") => _ = found.insert("/".to_owned()),
                (false, _) => _ = found.insert(format!("/page/{name}")),
            }
        }
    }

    #[test]
    fn every_file_of_the_page_is_served_and_every_module_is_preloaded() {
        let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("page");
        let mut there = BTreeSet::new();
        collect(&top, &top, &mut there);
        let served: BTreeSet<String> = ASSETS.iter().map(|asset| asset.path.to_owned()).collect();
        assert_eq!(served, there);
        let index = std::str::from_utf8(ASSETS[0].bytes).unwrap();
        for path in served.iter().filter(|path| path.ends_with(".js")) {
            assert!(index.contains(&format!("\"{path}\"")), "index.html does not fetch {path} at once");
        }
    }
}
