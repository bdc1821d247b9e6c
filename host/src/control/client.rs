//! The client side of the control socket. Blocking calls: a client starts no runtime, and is quick.

use std::{
    io::{self, BufRead, BufReader, Write},
    net::Shutdown,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    path::{PathTooLong, check_length},
    protocol::{Answer, Request},
};
use crate::{duration::Shown, error::denied};

/// The longest wait for an answer: longer than all limits of a reload together, unless they were raised a lot.
const PATIENCE: Duration = Duration::from_secs(120);

/// Why a host did not answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// No host listens.
    #[error("no host answers on `{}`{}", .path.display(), denied(.path, .source))]
    NoHost {
        /// The socket.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The path is too long for a socket.
    #[error(transparent)]
    TooLong(#[from] PathTooLong),
    /// The answer takes longer than anything that a host does.
    #[error("the host on `{}` did not answer `{asked}` within {}", .path.display(), Shown(PATIENCE))]
    Silent {
        /// The socket.
        path: PathBuf,
        /// The request.
        asked: String,
    },
    /// The connection broke.
    #[error("the host on `{}` did not answer", .path.display())]
    Broken {
        /// The socket.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl CallError {
    /// What the reader can do.
    pub fn help(&self) -> Option<String> {
        match self {
            CallError::NoHost { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                Some("a host answers only the user who started it".to_owned())
            }
            CallError::NoHost { .. } => Some(
                "start one with `gearshift run`, or name its config file with --config or its socket with --socket"
                    .to_owned(),
            ),
            CallError::TooLong(why) => Some(why.help().to_owned()),
            CallError::Silent { .. } => {
                Some("it may still do it; see its log and `gearshift cogs list`".to_owned())
            }
            CallError::Broken { .. } => None,
        }
    }
}

/// A connection to a host.
#[derive(Debug)]
pub struct Client {
    path: PathBuf,
    stream: BufReader<UnixStream>,
}

impl Client {
    /// Connects.
    ///
    /// # Errors
    /// No host listens there, or the path is not valid for a socket.
    pub fn connect(path: &Path) -> Result<Client, CallError> {
        check_length(path)?;
        let no_host = |source| CallError::NoHost { path: path.to_owned(), source };
        let stream = UnixStream::connect(path).map_err(no_host)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(no_host)?;
        stream.set_write_timeout(Some(PATIENCE)).map_err(no_host)?;
        Ok(Client { path: path.to_owned(), stream: BufReader::new(stream) })
    }

    /// Sends a request, and waits for the answer.
    ///
    /// # Errors
    /// There is no answer, or it cannot be read.
    pub fn call(&mut self, request: &Request) -> Result<Answer, CallError> {
        let written = self.write(request);
        // If the host does not read the whole request, it says why before it closes.
        let answer = self.read().or_else(|source| written.and(Err(source)));
        answer.map_err(|source| self.failed(request, source))
    }

    /// Sends a last request on this connection, about `count` cogs; `each` receives the answers as they arrive.
    ///
    /// # Errors
    /// As for [`call`](Self::call), and the errors of `each`.
    pub fn call_each<E: From<CallError>>(
        mut self,
        request: &Request,
        count: usize,
        mut each: impl FnMut(Answer) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut answer = self.call(request)?;
        // If the host refuses the whole request, it sends one answer and closes. If the connection is gone, reading
        // reports it.
        let _ = self.stream.get_ref().shutdown(Shutdown::Write);
        for _ in 1..count {
            let is_refused = !answer.ok;
            each(answer)?;
            answer = match self.read() {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && is_refused => return Ok(()),
                next => next.map_err(|source| self.failed(request, source))?,
            };
        }
        each(answer)
    }

    fn failed(&self, request: &Request, source: io::Error) -> CallError {
        match source.kind() {
            // The kind of a timeout error depends on the system.
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                CallError::Silent { path: self.path.clone(), asked: request.to_string() }
            }
            _ => CallError::Broken { path: self.path.clone(), source },
        }
    }

    fn write(&mut self, request: &Request) -> io::Result<()> {
        let mut line = serde_json::to_string(request)?;
        line.push('\n');
        self.stream.get_mut().write_all(line.as_bytes())
    }

    fn read(&mut self) -> io::Result<Answer> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it closed the connection"));
        }
        Ok(serde_json::from_str(&line)?)
    }
}
