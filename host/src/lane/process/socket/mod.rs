//! Frames over the socket between the host and a cog's process: a length, and that many bytes. A large frame is sent as
//! a file descriptor of shared memory, so that it is not copied piece by piece through the socket's buffer.

mod receiver;

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, IoSlice, Seek, Write},
    mem::MaybeUninit,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::{Mutex, MutexGuard, PoisonError},
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
    net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg},
};

pub(super) use self::receiver::Receiver;
use super::memory;

/// Larger frames are sent as files. In bytes.
const INLINE_MAX: usize = 64 << 10;
/// Flag in the length: the bytes are in a file that was sent along.
const IN_FILE: u32 = 1 << 31;
pub(super) const HEADER: usize = 4;
/// Maximum number of files that wait for the other side to read; further large frames wait as copies.
const FILES_WAITING: usize = 64;

/// The sending half.
#[derive(Debug)]
pub(super) struct Sender {
    socket: OwnedFd,
    waiting: Mutex<Waiting>,
    /// Whether the thread blocks while the socket is full; if not, [`flush`](Self::flush) continues.
    blocks: bool,
}

/// What the socket had no room for.
#[derive(Debug, Default)]
struct Waiting {
    chunks: VecDeque<Chunk>,
    /// The number of unsent bytes in all of them, including those in files.
    length: usize,
    is_broken: bool,
}

/// Consecutive frames, of which only the first can have a file.
#[derive(Debug, Default)]
struct Chunk {
    /// The file, which is sent with the first byte, and how many bytes of a frame it contains.
    file: Option<(OwnedFd, usize)>,
    bytes: Vec<u8>,
    sent: usize,
}

impl Sender {
    /// `socket` may be shared with one other thread, which receives.
    pub(super) fn new(socket: OwnedFd, blocks: bool) -> Sender {
        Sender { socket, waiting: Mutex::default(), blocks }
    }

    /// Sends a frame that consists of `parts`; `file` is sent along. Returns whether everything was sent: if not,
    /// [`flush`](Self::flush) must be called. If the other end is gone, this succeeds; the receiving half notices.
    ///
    /// # Errors
    /// Once, if the socket cannot be used although its other end exists: it was closed on this side.
    pub(super) fn send(&self, parts: &[&[u8]], file: Option<OwnedFd>) -> io::Result<bool> {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let mut waiting = self.waiting();
        let goes_in_file = length > INLINE_MAX && file.is_none() && waiting.files() < FILES_WAITING;
        match goes_in_file.then(|| in_file(parts).ok()).flatten() {
            Some(in_file) => waiting.push(header(length, IN_FILE), &[], Some((in_file, length))),
            None => waiting.push(header(length, 0), parts, file.map(|file| (file, 0))),
        }
        loop {
            match waiting.send(self.socket.as_fd()) {
                Ok(()) => return Ok(true),
                Err(Errno::AGAIN) if self.blocks => {
                    let mut writable = [PollFd::new(&self.socket, PollFlags::OUT)];
                    let _ = poll(&mut writable, None);
                }
                Err(Errno::AGAIN) => return Ok(false),
                Err(Errno::INTR) => {}
                Err(error) => {
                    *waiting = Waiting { is_broken: true, ..Waiting::default() };
                    return match error {
                        Errno::PIPE | Errno::CONNRESET => Ok(true),
                        error => Err(error.into()),
                    };
                }
            }
        }
    }

    /// Continues with what the socket had no room for.
    ///
    /// # Errors
    /// `WouldBlock` if there is still no room.
    pub(super) fn flush(&self) -> io::Result<()> {
        self.waiting().send(self.socket.as_fd()).map_err(io::Error::from)
    }

    /// How many bytes are waiting for room.
    pub(super) fn pending_bytes(&self) -> usize {
        self.waiting().length
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn header(length: usize, flags: u32) -> [u8; HEADER] {
    (u32::try_from(length).unwrap_or(u32::MAX >> 1) | flags).to_ne_bytes()
}

fn in_file(parts: &[&[u8]]) -> io::Result<OwnedFd> {
    let mut file = File::from(memory("gearshift-frame")?);
    parts.iter().try_for_each(|part| file.write_all(part))?;
    file.rewind()?;
    Ok(file.into())
}

impl Waiting {
    fn push(&mut self, header: [u8; HEADER], parts: &[&[u8]], file: Option<(OwnedFd, usize)>) {
        if self.is_broken {
            return;
        }
        let goes_on = |last: &Chunk| file.is_none() && last.bytes.len() < INLINE_MAX;
        if !self.chunks.back().is_some_and(|last| last.bytes.is_empty() || goes_on(last)) {
            self.chunks.push_back(Chunk::default());
        }
        let Some(chunk) = self.chunks.back_mut() else { return };
        let before = chunk.bytes.len();
        chunk.bytes.extend_from_slice(&header);
        parts.iter().for_each(|part| chunk.bytes.extend_from_slice(part));
        self.length += chunk.bytes.len() - before;
        if let Some((_, length)) = &file {
            self.length += length;
            chunk.file = file;
        }
    }

    /// How many files there are.
    fn files(&self) -> usize {
        self.chunks.iter().filter(|chunk| chunk.file.is_some()).count()
    }

    /// Sends as much as there is room for.
    fn send(&mut self, socket: BorrowedFd<'_>) -> Result<(), Errno> {
        while let Some(chunk) = self.chunks.front_mut().filter(|chunk| !chunk.bytes.is_empty()) {
            let file: Vec<BorrowedFd<'_>> = chunk.file.iter().map(|(file, _)| file.as_fd()).collect();
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
            let mut ancillary = SendAncillaryBuffer::new(&mut space);
            if !file.is_empty() {
                ancillary.push(SendAncillaryMessage::ScmRights(&file));
            }
            let bytes = [IoSlice::new(&chunk.bytes[chunk.sent..])];
            let sent = sendmsg(socket, &bytes, &mut ancillary, SendFlags::DONTWAIT | SendFlags::NOSIGNAL)?;
            chunk.sent += sent;
            self.length -= sent + chunk.file.take().map_or(0, |(_, length)| length);
            let done = self.chunks.pop_front_if(|chunk| chunk.sent == chunk.bytes.len());
            if let Some(Chunk { mut bytes, .. }) = done
                && self.chunks.is_empty()
            {
                // Its buffer is reused, without the memory of earlier large frames.
                bytes.clear();
                bytes.shrink_to(INLINE_MAX);
                self.chunks.push_back(Chunk { bytes, ..Chunk::default() });
            }
        }
        Ok(())
    }
}

/// Lets nothing more be sent to this socket; what was sent can still be received.
pub(super) fn refuse_more(socket: BorrowedFd<'_>) -> io::Result<()> {
    // <https://man7.org/linux/man-pages/man2/shutdown.2.html>
    rustix::net::shutdown(socket, rustix::net::Shutdown::Read).map_err(io::Error::from)
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::{
        receiver::tests::{FRAME_MAX, receive},
        *,
    };

    /// Two ends; neither blocks.
    fn pair() -> (Sender, UnixStream) {
        let (one, other) = UnixStream::pair().expect("two sockets");
        other.set_nonblocking(true).expect("a mode");
        (Sender::new(one.into(), false), other)
    }

    #[test]
    fn frames_of_every_size_arrive_whole_and_in_order() {
        let (sender, socket) = pair();
        let mut receiver = Receiver::new(FRAME_MAX);
        let sizes = [0, 1, 5, INLINE_MAX - 1, INLINE_MAX, INLINE_MAX + 1, 3 << 20, 7, 200_000, 9];
        let frames: Vec<Vec<u8>> = sizes.iter().map(|size| vec![*size as u8; *size]).collect();
        let mut arrived = Vec::new();
        for frame in &frames {
            let (one, two) = frame.split_at(frame.len() / 2);
            let mut is_sent = sender.send(&[one, two], None).expect("a socket");
            while !is_sent {
                arrived.extend(receive(&mut receiver, &socket).expect("frames"));
                is_sent = sender.flush().is_ok();
            }
        }
        arrived.extend(receive(&mut receiver, &socket).expect("frames"));
        assert!(arrived == frames, "{:?}", arrived.iter().map(Vec::len).collect::<Vec<_>>());
    }

    #[test]
    fn what_waits_for_room_is_sent_later_with_its_files() {
        let (sender, socket) = pair();
        let mut receiver = Receiver::new(FRAME_MAX);
        let mut count = 0;
        let send = |parts: &[&[u8]], file| sender.send(parts, file).expect("a socket");
        while send(&[&[0; 60_000]], None) {
            count += 1;
        }
        let file = memory("test").expect("memory");
        assert!(!send(&[b"with a file"], Some(file)) && !send(&[&[1; 100_000]], None));
        let (mut frames, mut files) = (0, 0);
        while frames < count + 3 {
            let _ = sender.flush();
            receiver.fill(socket.as_fd()).expect("the next frames");
            while let Some(frame) = receiver.next().expect("a frame") {
                frames += 1;
                files += usize::from(frame == b"with a file" && receiver.file().is_some());
            }
        }
        assert_eq!((frames, files), (count + 3, 1));
        assert!(sender.pending_bytes() == 0 && receiver.file().is_none());
    }

    #[test]
    fn what_was_sent_does_not_count_though_there_is_always_more() {
        let (sender, socket) = pair();
        let mut receiver = Receiver::new(FRAME_MAX);
        while sender.send(&[&[0; 1000]], None).expect("a socket") {}
        let (mut sent, mut received, mut most) = (0, 0, 0);
        while received < 20_000 {
            // One frame in a hundred is large.
            let length = if sent % 100 == 0 { INLINE_MAX + 1 } else { 1000 };
            if sender.pending_bytes() < 2 * INLINE_MAX {
                sender.send(&[&vec![1; length]], None).expect("a socket");
                sent += 1;
            } else {
                let _ = sender.flush();
                receiver.fill(socket.as_fd()).expect("there is always more");
                while receiver.next().expect("a frame").is_some() {
                    received += 1;
                }
            }
            let held = sender.waiting().chunks.iter().map(|chunk| chunk.bytes.capacity()).sum();
            most = usize::max(most, held);
        }
        assert!(most < 8 * INLINE_MAX, "{most}");
    }

    #[test]
    fn what_was_sent_is_received_after_more_is_refused() {
        let (sender, socket) = pair();
        let send = |frame: &[u8]| sender.send(&[frame], None).expect("a socket");
        assert!(send(b"one") && send(b"two"));
        refuse_more(socket.as_fd()).expect("a socket");
        assert!(send(b"three") && sender.waiting().is_broken);
        let frames = receive(&mut Receiver::new(FRAME_MAX), &socket).expect("two frames");
        assert_eq!(frames, [b"one", b"two"]);
    }

    #[test]
    fn what_is_no_frame_is_an_error_and_the_end_of_the_other_side_is_none() {
        for bytes in [&u32::MAX.to_ne_bytes()[..], &(IN_FILE | 5).to_ne_bytes()] {
            let (one, other) = UnixStream::pair().expect("two sockets");
            (&one).write_all(bytes).expect("room");
            drop(one);
            let mut receiver = Receiver::new(FRAME_MAX);
            assert!(receive(&mut receiver, &other).is_err());
        }
        let (sender, socket) = pair();
        drop(socket);
        let send = |frame: &[u8]| sender.send(&[frame], None).expect("it is not closed on this side");
        assert!(send(b"x") && send(b"y"));
        let no_socket = Sender::new(memory("test").expect("memory"), true);
        assert!(no_socket.send(&[b"x"], None).is_err());
    }
}
