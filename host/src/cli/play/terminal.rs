//! `gearshift play` on a terminal: a prompt with history, and above it what happens in the channels and in the log.
//! It does not interpret the lines.
#![allow(unsafe_code, reason = "keeps and restores the terminal's modes")]

use std::{
    io::stdout,
    mem::MaybeUninit,
    path::PathBuf,
    sync::{Mutex, OnceLock, PoisonError, mpsc as blocking},
};

use gearshift_sim::{Outcome, Printer, Prompt};
use rustyline::{DefaultEditor, ExternalPrinter, error::ReadlineError};
use tokio::sync::mpsc;

use crate::{cli::exit::Failure, library::default_base, log, text::Lines};

/// What the reading thread reports.
enum Typed {
    Line(String),
    Leave,
    Broken(ReadlineError),
}

/// Talks to the bot until the user leaves.
pub(super) async fn talk(mut prompt: Prompt, mut printer: Printer) -> Result<(), Failure> {
    let _back = TerminalGuard::later();
    let mut editor = DefaultEditor::new().map_err(failed)?;
    let above = editor.create_external_printer().map_err(failed)?;
    let show = shower(above);
    let logged = show.clone();
    log::redirect(move |line| _ = logged.send(line.to_owned()));
    let (labels, wanted) = blocking::channel();
    let (send, mut typed) = mpsc::channel(1);
    std::thread::spawn(move || read(&mut editor, &wanted, &send));
    // A message may have several lines, and must not move the cursor.
    let tell = |text: &str| _ = show.send(format!("{}\n", Lines(text)));
    tell(
        "What you type is sent to a channel. `/help` shows the bot's commands, `:help` what else you can do; Ctrl-D \
        leaves.",
    );
    let _ = labels.send(prompt.label());
    loop {
        let line = tokio::select! {
            biased;
            shown = printer.line() => {
                tell(&shown);
                continue;
            }
            typed = typed.recv() => typed,
        };
        match line {
            Some(Typed::Line(line)) => match prompt.line(&line).await {
                Outcome::Done => {}
                Outcome::Shown(text) => tell(&text),
                Outcome::Refused(why) => tell(&format!("error: {why}")),
                Outcome::Quit => return Ok(()),
            },
            Some(Typed::Leave) | None => return Ok(()),
            Some(Typed::Broken(error)) => return Err(failed(error)),
        }
        let _ = labels.send(prompt.label());
    }
}

/// Reads a line for each label it gets.
fn read(editor: &mut DefaultEditor, wanted: &blocking::Receiver<String>, typed: &mpsc::Sender<Typed>) {
    let history = history();
    if let Some(file) = &history {
        // There is no history the first time.
        let _ = editor.load_history(file);
    }
    while let Ok(label) = wanted.recv() {
        let line = match editor.readline(&label) {
            Ok(line) => {
                let _ = editor.add_history_entry(&line);
                Typed::Line(line)
            }
            Err(ReadlineError::Interrupted | ReadlineError::Eof) => Typed::Leave,
            Err(error) => Typed::Broken(error),
        };
        let is_end = !matches!(line, Typed::Line(_));
        if is_end && let Some(file) = &history {
            // A history that cannot be saved is not worth a message.
            let _ = editor.save_history(file);
        }
        if typed.blocking_send(line).is_err() || is_end {
            return;
        }
    }
}

/// Passes lines to the editor from a thread of its own, which may have to wait for the terminal.
fn shower(mut above: impl ExternalPrinter + Send + 'static) -> blocking::Sender<String> {
    let (show, lines) = blocking::channel::<String>();
    std::thread::spawn(move || {
        while let Ok(line) = lines.recv() {
            if above.print(line).is_err() {
                return;
            }
        }
    });
    show
}

/// The file with the history of typed lines. It is kept only until this user's session ends, since it may contain
/// anything.
fn history() -> Option<PathBuf> {
    let folder = default_base();
    folder.is_dir().then(|| folder.join("prompt-history"))
}

fn failed(error: ReadlineError) -> Failure {
    Failure::from(std::io::Error::other(error))
}

/// Restores the terminal and the log however the talk ends: a signal drops it in the middle.
struct TerminalGuard;

impl TerminalGuard {
    fn later() -> TerminalGuard {
        keep();
        TerminalGuard
    }
}

impl Drop for TerminalGuard {
    fn drop(&mut self) {
        log::to_stderr();
        restore();
    }
}

/// The terminal's modes before the editor changed them.
static MODES: OnceLock<Mutex<libc::termios>> = OnceLock::new();

/// Whether the editor is reading: the terminal is then in raw mode.
fn is_raw() -> bool {
    modes().is_some_and(|modes| modes.c_lflag & libc::ICANON == 0)
}

fn keep() {
    if let Some(modes) = modes() {
        let _ = MODES.set(Mutex::new(modes));
    }
}

fn modes() -> Option<libc::termios> {
    let mut modes = MaybeUninit::uninit();
    // SAFETY: `tcgetattr` fills the whole struct if it returns 0, and only then is it read.
    unsafe { (libc::tcgetattr(libc::STDIN_FILENO, modes.as_mut_ptr()) == 0).then(|| modes.assume_init()) }
}

/// Restores the terminal's modes, on a new line: the editor's thread may still be reading when the host ends.
pub(in crate::cli) fn restore() {
    let Some(modes) = MODES.get() else { return };
    if is_raw() {
        let _ = std::io::Write::write_all(&mut stdout(), b"\n");
    }
    let modes = modes.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: the modes are those that `tcgetattr` returned for the same terminal.
    unsafe { libc::tcsetattr(libc::STDIN_FILENO, libc::TCSADRAIN, &*modes) };
    let _ = std::io::Write::flush(&mut stdout());
}
